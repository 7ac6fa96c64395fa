"""Logs as JSON lines on standard error: ids and codes, never content, names or secrets."""

import logging
import sys

import structlog


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
            structlog.processors.dict_tracebacks,
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
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(name)s: %(message)s")
