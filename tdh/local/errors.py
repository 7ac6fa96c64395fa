"""What can go wrong with a private server; never about a server of somebody else."""

from pathlib import Path


class LocalServerError(Exception):
    """A private server could not be started, stopped or found."""


class MissingServer(LocalServerError):
    """A program of the server is not on this machine.

    `package` is the Debian package that brings it.
    """

    def __init__(self, *, program: str, package: str, looked_in: str) -> None:
        super().__init__(
            f"{program} is not on this machine (looked for {looked_in}); "
            f"Debian has it in the package {package}: apt-get install {package}"
        )
        self.program = program
        self.package = package


class ServerDidNotStart(LocalServerError):
    """The server ended, or was not ready in time; the end of its log is in the message."""

    def __init__(self, *, server: str, reason: str, log: Path) -> None:
        super().__init__(f"{server}: {reason}\n{end_of(log)}")
        self.server = server
        self.log = log


class NotTheMainThread(LocalServerError):
    """A server was to be started from another thread than the main one.

    The kernel ends a child when the *thread* that made it ends, so a server started from a
    worker thread would die in the middle of its use.
    """

    def __init__(self) -> None:
        super().__init__("private servers are started from the main thread only")


def end_of(log: Path, *, lines: int = 20) -> str:
    """Give the last lines of a log, or say that there is none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return f"(no log: {error})"
    return "\n".join(text.splitlines()[-lines:])
