"""What can go wrong between the sealer, its files and its clients."""

from enum import StrEnum
from pathlib import Path

from tdh.domain.errors import TDHError


class FrameError(TDHError):
    """Bytes on the socket that are no frame of this protocol."""

    code = "malformed-frame"


class LedgerError(TDHError):
    """A record of the sealer that cannot be written, or is not what was written. It stops."""

    code = "sealer-ledger-broken"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class SealerSetupError(TDHError):
    """Keys, certificates, folder or socket with which the sealer does not start."""

    code = "sealer-setup"


class RefusalCode(StrEnum):
    """Why the sealer refuses a whole frame."""

    MALFORMED = "malformed-frame"
    TOO_LARGE = "frame-too-large"
    CLOCK = "clock-disagrees"
    CERTIFICATE = "certificate-not-valid"
    LOG_DIVERGED = "log-diverged"
    KEY_GONE = "key-gone"
