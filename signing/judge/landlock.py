"""A wall behind the filter of calls: the kernel's Landlock, without a rule that allows anything.

Kernels from 5.13 on have it, if it is switched on. It refuses every path in the file system, TCP
(from 6.7 on), and abstract Unix sockets and signals to others (from 6.12 on): landlock(7). The
numbers of its calls are the same on every architecture. Never the only wall: it does not know Unix
sockets that have a path.
"""

import ctypes
import os
import struct

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights to files each version knows; from 5 on 16 (ioctl of devices)."""
_NETWORK, _SCOPES = 4, 6
"""Versions that brought bind and connect, and the scopes of sockets and signals."""


def version() -> int:
    """The kernel's version of Landlock; 0 where there is none."""
    return max(0, int(_LIBC.syscall(_CREATE_RULESET, None, 0, _VERSION)))


def refuse_paths(known: int) -> bool:
    """Refuse what version `known` can refuse. False if the kernel did not take it.

    PR_SET_NO_NEW_PRIVS must be set. Open descriptors stay usable.
    """
    if not known:
        return False
    files = (1 << _FILE_RIGHTS.get(known, 16)) - 1
    # struct landlock_ruleset_attr grew by a number with each of these versions.
    rights = [files]
    if known >= _NETWORK:
        rights.append(0b11)
    if known >= _SCOPES:
        rights.append(0b11)
    packed = struct.pack(f"={len(rights)}Q", *rights)
    ruleset = _LIBC.syscall(_CREATE_RULESET, packed, len(packed), 0)
    if ruleset < 0:
        return False
    try:
        return bool(_LIBC.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)
