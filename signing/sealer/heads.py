"""The heads that the sealer vouched for: one history, each head extends the one before.

A head is written down for good before it is signed, so that no crash can make the sealer sign two
heads that contradict each other. What it signed is kept beside it: the same head again gets the
same bytes, and a head whose signature a crash prevented is signed when it is asked for again.
"""

import base64
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from signing import merkle
from signing.durable import replace_file
from signing.sealer.crash_points import HEAD_DURABLE, HEAD_SIGNED, HEAD_STORED, CrashPoint
from signing.sealer.errors import LedgerError
from signing.sealer.fixed_lines import FixedLines
from tdh.domain.log import SignedHead

FILE_NAME = "heads"
SIGNED_NAME = "head.signed"
_LINE = re.compile(rb"([0-9]{6}) ([0-9]{19}) ([0-9a-f]{64})")
_WIDTH = 6 + 1 + 19 + 1 + 64 + 1

HeadMaker = Callable[[int, bytes], tuple[bytes, bytes]]
"""Makes note and token of a head: size and root in."""


class Heads:
    """The open record of heads. Raises LedgerError where the disk fails or was changed."""

    __slots__ = ("_crash", "_epoch", "_lines", "_make", "_signed", "_signed_path", "root", "size")

    def __init__(self, folder: Path, *, epoch: int, make: HeadMaker, crash: CrashPoint) -> None:
        """Continue from the state folder."""
        self._epoch, self._make, self._crash = epoch, make, crash
        path = folder / FILE_NAME
        self._signed_path = folder / SIGNED_NAME
        self._lines = FixedLines(path, _WIDTH)
        self.size, self.root = 0, merkle.EMPTY_ROOT
        last = self._lines.last()
        if last is not None:
            match = _LINE.fullmatch(last)
            if match is None:
                raise LedgerError(path, "the last head is not in its form")
            self.size, self.root = int(match[2]), bytes.fromhex(match[3].decode())
        self._signed = self._load()

    def sign(self, size: int, root: bytes, consistency: Sequence[bytes]) -> SignedHead:
        """The signed head. Raises MerkleError for one that does not extend the last."""
        if (size, root) != (self.size, self.root) or self._lines.count == 0:
            merkle.verify_consistency(self.size, self.root, size, root, consistency)
            self._lines.append([f"{self._epoch:06d} {size:019d} {root.hex()}"])
            self.size, self.root = size, root
            self._crash(HEAD_DURABLE)
        # If we die here, this head is the last one, and only it or its extensions get signed.
        if self._signed is None or (self._signed.size, self._signed.root) != (size, root):
            note, token = self._make(size, root)
            self._crash(HEAD_SIGNED)
            signed = SignedHead(size=size, root=root, note=note, token=token)
            self._store(signed)
            self._signed = signed
            self._crash(HEAD_STORED)
        return self._signed

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()

    def _store(self, head: SignedHead) -> None:
        values = {
            "size": head.size,
            "root": head.root.hex(),
            "note": base64.b64encode(head.note).decode(),
            "token": base64.b64encode(head.token).decode(),
        }
        try:
            replace_file(self._signed_path, json.dumps(values).encode("ascii"))
        except OSError as exc:
            raise LedgerError(self._signed_path, f"cannot be written: {exc}") from exc

    def _load(self) -> SignedHead | None:
        """What was signed last. Between the two writes it is the head before the last one."""
        try:
            values = json.loads(self._signed_path.read_bytes())
            head = SignedHead(
                size=int(values["size"]),
                root=bytes.fromhex(values["root"]),
                note=base64.b64decode(values["note"], validate=True),
                token=base64.b64decode(values["token"], validate=True),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise LedgerError(self._signed_path, f"cannot be read: {exc}") from exc
        known = head.size < self.size or (head.size, head.root) == (self.size, self.root)
        if self._lines.count == 0 or not known:
            # Something was signed that the record of heads does not know: it is a former one.
            raise LedgerError(self._signed_path, "does not follow from the record of heads")
        return head
