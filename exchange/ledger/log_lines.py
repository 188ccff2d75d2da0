"""How a process of the exchange logs: JSON lines. A field nobody allowed is not written, so no value can slip in."""

import logging
import sys

import structlog

_ALLOWED = {"event", "level", "timestamp", "error", "code", "order", "follower", "ticket", "size", "timer", "subject"}


def log_lines() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            lambda _logger, _method, fields: {name: fields[name] for name in fields if name in _ALLOWED},
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
