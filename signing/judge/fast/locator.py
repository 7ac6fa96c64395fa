"""A locator: a confined child that says of one document after another where its signature stands.

Forked by `parent` behind the same walls as every child, but it stays: it is given documents by
descriptor on its one socket and answers each with a line. It is replaced after some hundred
documents, and at once when it takes too long over one. What it says about a document is worth
nothing by itself; `verify` compares it with the bytes.
"""

import os
import socket
from dataclasses import replace
from typing import Final, NoReturn

from signing.judge import sandbox
from signing.judge.fast.locate import locate
from signing.judge.policy import Limits

MAX_ANSWER: Final = 1024
MAX_DOCUMENT: Final = 32 * 1024 * 1024
NOT_UNDERSTOOD: Final = b"-"
_SIZE_BYTES: Final = 8
_LIFE_SECONDS: Final = 60
"""Of CPU time; what takes a millisecond a document needs one for a thousand."""


def spell_request(size: int) -> bytes:
    """The message beside a document's descriptor."""
    return size.to_bytes(_SIZE_BYTES)


def run(limits: Limits, control: int, parent: int) -> NoReturn:
    """Serve on the socket `control` until its other end closes; never returns."""
    code = 1
    try:
        sandbox.close_all_but(control)
        requests = socket.socket(fileno=control)
        sandbox.confine(replace(limits, cpu_seconds=_LIFE_SECONDS), parent, receives=True)
        while _serve(requests):
            pass
        code = 0
    finally:
        os._exit(code)


def _serve(requests: socket.socket) -> bool:
    message, descriptors, _, _ = socket.recv_fds(requests, _SIZE_BYTES, 1)
    if not message:
        return False
    (document,) = descriptors
    size = int.from_bytes(message)
    data = os.pread(document, size, 0)
    os.close(document)
    found = locate(data) if len(data) == size else None
    answer = NOT_UNDERSTOOD if found is None else found.to_bytes()
    os.write(requests.fileno(), answer[:MAX_ANSWER])
    return True
