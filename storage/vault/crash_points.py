"""The places where a test may end the process, one beside each effect on the disk.

The composition root passes the function that knows whether to die; by default nothing happens.
"""

from collections.abc import Callable

CrashPoint = Callable[[str], None]

KEY_CREATED = "vault.key_created"
"""A new key-encryption key and its folder entry are durable; nothing is wrapped by it yet."""
SEGMENT_CREATED = "vault.segment_created"
"""An empty segment and its folder entry are durable in one store."""
LARGE_WRITTEN = "vault.large_written"
"""The last byte of a large document was handed to the kernel; nothing is promised."""
APPENDED = "vault.appended"
"""Documents were handed to the kernel in one store; nothing is promised."""
SYNCED = "vault.synced"
"""Every document of the letter is durable in every store; the caller does not know it yet."""

CRASH_POINTS = (KEY_CREATED, SEGMENT_CREATED, LARGE_WRITTEN, APPENDED, SYNCED)


def no_crash(name: str) -> None:
    """Go on: the crash point of every run that is no fault test."""
