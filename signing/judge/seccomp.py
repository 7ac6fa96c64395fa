"""The calls to the kernel that judging needs; every other one is refused (seccomp(2), Linux).

A list of what is allowed, found by tracing children over real and hostile documents: memory, time,
randomness, waiting, ending, and reading and writing at descriptors that are open already. So no
file can be opened, no socket made, no program started, no process touched, whatever user a child
has and whatever the document made of it. A refused call fails with EPERM; a call by another
architecture's numbers, which would mean something else, kills.

Never loosened at run time: a filter is inherited and cannot be taken off.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_LIBC = ctypes.CDLL(None, use_errno=True)

# linux/filter.h, linux/bpf_common.h: class, size and mode of an instruction in one number.
_LOAD_WORD = 0x20
_JUMP_IF_EQUAL = 0x15
_JUMP_IF_AT_LEAST = 0x35
_JUMP_IF_ANY_BIT = 0x45
_RETURN = 0x06
# linux/seccomp.h: what is returned, and where in `struct seccomp_data` things stand.
_KILL_PROCESS = 0x80000000
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | 1
"""SECCOMP_RET_ERRNO with EPERM."""
_CALL_OFFSET, _ARCHITECTURE_OFFSET = 0, 4
_THIRD_ARGUMENT_OFFSET = 16 + 2 * 8
"""Its lower half, on the little-endian machines that are served here."""
_PROT_EXEC = 4
_X32_NUMBERS = 0x40000000

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, operand: `struct sock_filter`."""


class WallMissing(Exception):
    """Something that a child must be denied could not be denied; then no document is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A processor architecture: its AUDIT_ARCH number and the numbers of its calls."""

    audit_number: int
    allowed: Mapping[str, int]
    mapping: Mapping[str, int]
    """Calls that give memory: allowed where it is not to be executed."""
    receiving: int
    """Number of `recvmsg`, which a locator needs to be given its documents."""


_X86_64 = Machine(
    audit_number=0xC000003E,
    allowed=MappingProxyType(
        {
            "pread64": 17, "write": 1, "close": 3,
            "munmap": 11, "mremap": 25, "madvise": 28, "brk": 12,
            "futex": 202, "sched_yield": 24, "epoll_wait": 232, "epoll_pwait": 281,
            "rt_sigprocmask": 14, "rt_sigreturn": 15, "restart_syscall": 219,
            "clock_gettime": 228, "clock_getres": 229, "gettimeofday": 96, "time": 201,
            "getrandom": 318, "getpid": 39, "gettid": 186, "getppid": 110,
            "getuid": 102, "geteuid": 107, "getgid": 104, "getegid": 108,
            "exit": 60, "exit_group": 231,
        }
    ),
    mapping=MappingProxyType({"mmap": 9, "mprotect": 10}),
    receiving=47,
)  # fmt: skip
_AARCH64 = Machine(
    audit_number=0xC00000B7,
    allowed=MappingProxyType(
        {
            "pread64": 67, "write": 64, "close": 57,
            "munmap": 215, "mremap": 216, "madvise": 233, "brk": 214,
            "futex": 98, "sched_yield": 124, "epoll_pwait": 22,
            "rt_sigprocmask": 135, "rt_sigreturn": 139, "restart_syscall": 128,
            "clock_gettime": 113, "clock_getres": 114, "gettimeofday": 169,
            "getrandom": 278, "getpid": 172, "gettid": 178, "getppid": 173,
            "getuid": 174, "geteuid": 175, "getgid": 176, "getegid": 177,
            "exit": 93, "exit_group": 94,
        }
    ),
    mapping=MappingProxyType({"mmap": 222, "mprotect": 226}),
    receiving=212,
)  # fmt: skip
MACHINES: Mapping[str, Machine] = MappingProxyType({"x86_64": _X86_64, "aarch64": _AARCH64})


def program(machine: Machine, *, receives: bool = False) -> tuple[Instruction, ...]:
    """The filter as instructions of classic BPF. `receives`: `recvmsg` is allowed as well."""
    lines: list[Instruction] = [
        (_LOAD_WORD, 0, 0, _ARCHITECTURE_OFFSET),
        (_JUMP_IF_EQUAL, 1, 0, machine.audit_number),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD_WORD, 0, 0, _CALL_OFFSET),
        # x32 shares the number of its architecture with x86-64. No call of ours lies so high.
        (_JUMP_IF_AT_LEAST, 0, 1, _X32_NUMBERS),
        (_RETURN, 0, 0, _KILL_PROCESS),
    ]
    more = (machine.receiving,) if receives else ()
    for number in (*machine.allowed.values(), *more):
        lines += [(_JUMP_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for number in machine.mapping.values():
        lines += [
            (_JUMP_IF_EQUAL, 0, 4, number),
            (_LOAD_WORD, 0, 0, _THIRD_ARGUMENT_OFFSET),
            (_JUMP_IF_ANY_BIT, 0, 1, _PROT_EXEC),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    return (*lines, (_RETURN, 0, 0, _REFUSE))


def this_machine() -> Machine:
    """The table of this processor. Raises WallMissing where there is none."""
    name = os.uname().machine
    machine = MACHINES.get(name)
    if machine is None or sys.byteorder != "little":
        raise WallMissing(f"no list of calls for the processor {name}")
    return machine


def refuse_calls(machine: Machine, *, receives: bool = False) -> None:
    """Let this process do nothing but judge, from now on; PR_SET_NO_NEW_PRIVS must be set.

    `receives`: it may receive messages on the sockets that it has.

    Raises:
        WallMissing: the kernel does not take the filter.

    """
    lines = program(machine, receives=receives)
    # Both stay referenced until the kernel has copied them.
    packed = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(packed)))
    if _LIBC.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, head, 0, 0) != 0:
        raise WallMissing(f"the kernel takes no filter of calls (errno {ctypes.get_errno()})")
