"""An authority whose root is kept, so that a seal can be followed by another one below it."""

from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sealer_program import now

from signing import certificates as made
from signing.durable import write_new


class Authority:
    """A root that stays, and seals below it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        start, days = now() - timedelta(days=1), timedelta(days=1)
        self.validity = made.Validity(not_before=start, not_after=start + 1000 * days)
        self.root = made.make_root(
            subject=made.Subject(common_name="Seal Root"),
            key=made.new_p256_key(),
            serial=1,
            validity=made.Validity(not_before=start, not_after=start + 4000 * days),
        )

    def seal(self, name: str, key: made.PrivateKey | None = None, **more) -> dict[str, Path]:
        """Files of a new key and its certificate, as arguments of the sealer."""
        key = key or made.new_p256_key()
        values = {"validity": self.validity, "use": made.LeafUse.SIGN_DOCUMENTS} | more
        leaf = made.make_leaf(
            issuer=self.root,
            subject=made.Subject(common_name=name),
            public_key=key.public_key(),
            serial=hash(name) & 0xFFFFFF | 1,
            **values,
        )
        files = {
            "seal-key": self.folder / f"{name}-key.pem",
            "seal-certificate": self.folder / f"{name}.pem",
        }
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_new(files["seal-key"], pem)
        write_new(files["seal-certificate"], made.pem(leaf))
        return files
