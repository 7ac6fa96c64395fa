"""The head that the log shows to everybody, fetched as anybody would fetch it."""

from tdh.audit.log_source import open_source


async def fetch_head(url: str) -> bytes:
    """The checkpoint of the log below this address. Raises ServiceUnavailable, InvalidValue."""
    async with open_source(url) as source:
        return await source.checkpoint()
