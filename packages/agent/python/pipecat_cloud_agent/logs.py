"""Log lines of contract §9.7 on stdout, each with the id of the session that wrote it."""

import logging
import sys
from datetime import datetime

from loguru import logger

NO_SESSION = "NONE"

_FORMAT = "{time:YYYY-MM-DD HH:mm:ss.SSS} | {level: <8} | {name}:{function}:{line} | {extra[session_id]} - {message}"


def configure(level: str) -> None:
    """Takes loguru over. Called again once the bot is imported, since imports may replace the handlers."""
    logger.remove()
    logger.configure(extra={"session_id": NO_SESSION})
    # No values of variables in tracebacks: they may be secrets.
    logger.add(sys.stdout, format=_FORMAT, level=level, diagnose=False)
    server_log = logging.getLogger("uvicorn")
    server_log.handlers = [_ToLoguru()]
    server_log.setLevel(logging.WARNING)
    server_log.propagate = False


def write_marker(message: str, session_id: str | None) -> None:
    """The platform reads these lines, so they are written whatever level or handlers the bot has chosen."""
    now = datetime.now()
    at = f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03}"
    line = f"{at} | {'INFO': <8} | {__name__}:write_marker:0 | {session_id or NO_SESSION} - {message}"
    print(line, file=sys.__stdout__, flush=True)


class _ToLoguru(logging.Handler):
    """Gives the web server's own lines the same format."""

    def emit(self, record: logging.LogRecord) -> None:
        def at_origin(entry: dict) -> None:
            entry.update(name=record.name, function=record.funcName, line=record.lineno)

        logger.patch(at_origin).opt(exception=record.exc_info).log(record.levelname, record.getMessage())
