"""What the witness refuses, and what keeps it from running."""

from http import HTTPStatus
from pathlib import Path

from tdh.domain.errors import TDHError


class Refused(Exception):
    """A request that is not cosigned, with the status that c2sp.org/tlog-witness gives it."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class OtherSize(Refused):
    """The sender believes another head of its log to be the witness's newest."""

    def __init__(self, size: int) -> None:
        super().__init__(HTTPStatus.CONFLICT, "the witness holds a head of another size")
        self.size = size
        """Of the newest head that was cosigned; 0 where there is none."""


class WitnessSetupError(TDHError):
    """Keys, logs or state folder that do not fit each other; the witness does not start."""

    code = "witness-setup"


class StateError(TDHError):
    """The state folder is damaged or in use: nothing may be signed."""

    code = "witness-state"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why
