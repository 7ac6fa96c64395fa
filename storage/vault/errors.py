"""What can go wrong with documents at rest, as types.

The operating system's and the cipher's errors become these where they enter. Messages name no
letter's content, no key and no path outside the vault.
"""

import errno

from tdh.domain.errors import IntegrityFailure, ServiceUnavailable, StorageUnavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class SegmentMissing(IntegrityFailure):
    """A store does not have the segment that a location names."""

    code = "segment-missing"


class KeyUnavailable(ServiceUnavailable):
    """The key-encryption key that a wrapped key names cannot be used: missing, damaged, exposed."""

    code = "key-unavailable"


class UnwrapRefused(ServiceUnavailable):
    """More letters were opened in a short time than this process is allowed to."""

    code = "unwrap-refused"


class StorageFull(StorageUnavailable):
    """No space left (or no quota left); nothing of what was asked for is kept."""

    code = "storage-full"


def storage_error(doing: str, cause: OSError) -> StorageUnavailable:
    """Name an operating system's error in our words; `doing` is what was tried."""
    text = f"{doing}: {cause.strerror or type(cause).__name__}"
    return StorageFull(text) if cause.errno in _FULL else StorageUnavailable(text)
