"""Logs as JSON lines on standard error: ids and codes, never content, names or secrets.

Of an error its type and its places are logged, never its words and never the values of variables:
both may hold what somebody wrote, a name, a token.
"""

import logging
import sys
import traceback
from types import TracebackType

import structlog

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(*, level: str, role: str, human: bool = False) -> None:
    """Set up logging of this process. `human` gives coloured lines for a terminal."""
    renderer = (
        structlog.dev.ConsoleRenderer()
        if human
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_in_lines if human else _in_steps),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)
    # Libraries log by the standard library: only what is worth an operator's look.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WithoutWords("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[handler])


class _WithoutWords(logging.Formatter):
    """For what libraries log: a server's tells the bytes of a request that it could not read."""

    def formatException(self, ei: object) -> str:  # noqa: N802 - the library's name
        error = ei[1] if isinstance(ei, tuple) else None
        return "\n".join(_steps(error)) if isinstance(error, BaseException) else ""


def _in_steps(exc_info: ExcInfo) -> list[str]:
    return _steps(exc_info[1])


def _in_lines(exc_info: ExcInfo) -> str:
    return "\n".join(_steps(exc_info[1]))


def _steps(error: BaseException) -> list[str]:
    """The error's type and where it passed, outermost first; then what it came from."""
    steps: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        steps.append(type(current).__name__)
        steps += [
            f"  {frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)
        ]
        hidden = None if current.__suppress_context__ else current.__context__
        current = current.__cause__ or hidden
    return steps
