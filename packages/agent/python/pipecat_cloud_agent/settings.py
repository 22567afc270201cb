"""What the environment says, with a warning for each value that was not understood (contract §9.2)."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LEVELS = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")
DEFAULT_SHUTDOWN_SECONDS = 7200.0


@dataclass(frozen=True)
class Settings:
    host: str
    port: int
    shutdown_timeout_seconds: float
    log_level: str
    image_version: str
    warnings: list[str] = field(default_factory=list)


def read_settings(env: Mapping[str, str]) -> Settings:
    """Raises ValueError for a bad ``PORT``: the platform would look for the agent elsewhere."""
    warnings: list[str] = []
    port = env.get("PORT") or "8080"
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(f"PORT is '{port}', which is no port. Set it to a number from 0 to 65535.")

    timeout = env.get("SHUTDOWN_TIMEOUT") or str(DEFAULT_SHUTDOWN_SECONDS)
    seconds = positive_number(timeout)
    if seconds is None and timeout != "0":
        warnings.append(f"SHUTDOWN_TIMEOUT is '{timeout}', which is no number of seconds: using 7200.")
        seconds = DEFAULT_SHUTDOWN_SECONDS

    level = (env.get("PIPECAT_LOG_LEVEL") or "DEBUG").upper()
    if level not in LEVELS:
        warnings.append(f"PIPECAT_LOG_LEVEL is '{level}', which is none of {', '.join(LEVELS)}: using DEBUG.")
        level = "DEBUG"
    return Settings(
        host=env.get("HOST") or "0.0.0.0",
        port=int(port),
        shutdown_timeout_seconds=seconds or 0.0,
        log_level=level,
        image_version=env.get("IMAGE_VERSION") or "unknown",
        warnings=warnings,
    )


def positive_number(text: str) -> float | None:
    """A finite number above 0, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None
