"""What can end the demo before its end, apart from Ctrl-C."""

from pathlib import Path


class DemoFailed(Exception):
    """The demo cannot go on; the message is for people, one line."""


class NotAsTold(DemoFailed):
    """Something that the story tells was checked and is not so."""


class HomeInUse(DemoFailed):
    """Another demo runs with the same TDH_HOME."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            f"มีเดโมอื่นใช้ {home} อยู่ / another demo is using {home}: "
            "stop it, or name another folder by TDH_HOME"
        )
        self.home = home


class InTheWay(DemoFailed):
    """A file of somebody else stands where the demo wants to write; it is left alone."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not of a former demo and is left alone: move it away first")
        self.path = path


def check(holds: object, why: str) -> None:
    """Raise NotAsTold unless it holds: what was not checked is not told."""
    if not holds:
        raise NotAsTold(why)
