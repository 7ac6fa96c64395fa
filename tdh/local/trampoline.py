"""The last step between `fork` and a server's program: give up root, tie the child to its parent.

Run as a program of its own (`python -I -S trampoline.py PARENT SIGNAL USER GROUP PROGRAM …`), so
that nothing of ours runs in the forked copy of a program with threads. The order matters: the
kernel forgets PR_SET_PDEATHSIG when the user changes (prctl(2)), so it is set after setuid; and a
parent that died before it was set is noticed by asking once more who the parent is.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become PROGRAM as USER and GROUP (-1: as ourselves), to get SIGNAL when PARENT ends."""
    parent, signal, user, group = (int(argument) for argument in arguments[:4])
    program = arguments[4:]
    if user >= 0:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        raise SystemExit("the program that asked for this server is gone")
    os.execv(program[0], program)  # noqa: S606  -- becoming the server is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
