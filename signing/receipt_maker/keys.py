"""The receipt maker's folder: its key and certificate, revocation lists, whom it believes.

`receipt-key.pem`, `receipt-certificate.pem` (then its issuers), `*.crl`, `trust.json`. Lists and
trust file are read anew for each receipt, so that they can be renewed while it runs.
"""

from collections.abc import Sequence
from pathlib import Path

from signing.receipt_maker.seal import ReceiptKey
from signing.seal_check import is_for_receipts
from signing.sealer.errors import SealerSetupError
from signing.sealer.key_files import read_certificates, read_signing_key
from signing.trust_file import TrustFile, TrustFileError, load_trust_file

KEY, CERTIFICATE, TRUST, LISTS = (
    "receipt-key.pem",
    "receipt-certificate.pem",
    "trust.json",
    "*.crl",
)


def load_receipt_key(folder: Path) -> ReceiptKey:
    """Read key and certificate. Raises SealerSetupError, naming the file or what does not fit."""
    chain = tuple(read_certificates(folder / CERTIFICATE))
    key = read_signing_key(folder / KEY)
    if chain[0].public_key() != key.public_key():
        raise SealerSetupError(f"{folder / KEY}: is not the key of {CERTIFICATE}")
    if not is_for_receipts(chain[0]):
        raise SealerSetupError(f"{folder / CERTIFICATE}: is not for document signing (RFC 9336)")
    load_trust(folder)
    return ReceiptKey(key=key, chain=chain)


def load_trust(folder: Path) -> TrustFile:
    """Whom the maker believes. Raises SealerSetupError."""
    try:
        return load_trust_file(folder / TRUST)
    except (OSError, TrustFileError) as exc:
        raise SealerSetupError(f"{folder / TRUST}: {exc}") from exc


def revocation_lists(folder: Path) -> Sequence[bytes]:
    """The lists, DER. Raises SealerSetupError."""
    try:
        return [path.read_bytes() for path in sorted(folder.glob(LISTS))]
    except OSError as exc:
        raise SealerSetupError(f"{folder}: {exc}") from exc
