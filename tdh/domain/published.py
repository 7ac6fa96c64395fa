"""Files that everybody may have: the small verifiers, and what their page needs."""

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """One file and where it is served."""

    path: str
    """Below the root of the service, for example `/verify`."""
    media_type: str
    body: bytes
    content_policy: str | None = None
    """A page's Content-Security-Policy; None: it may do nothing."""

    @property
    def name(self) -> str:
        """How it is called when it is saved."""
        return self.path.rpartition("/")[2]

    @property
    def sha256(self) -> str:
        """Lower-case hexadecimal: what the public log says of a verifier."""
        return sha256(self.body).hexdigest()
