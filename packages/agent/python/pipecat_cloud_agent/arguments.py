"""The argument objects that a bot is called with.

Bots check them with ``isinstance``, so they are the classes of the installed ``pipecatcloud``, else those of the
installed ``pipecat``, else equal small ones of our own.
"""

import dataclasses
import importlib
from dataclasses import dataclass, field
from typing import Any


@dataclass
class RunnerArguments:
    """A plain session."""

    session_id: str | None = field(default=None, kw_only=True)
    body: Any = field(default_factory=dict, kw_only=True)
    handle_sigint: bool = field(default=False, kw_only=True)
    handle_sigterm: bool = field(default=False, kw_only=True)
    pipeline_idle_timeout_secs: float | None = field(default=300, kw_only=True)


@dataclass
class DailyRunnerArguments(RunnerArguments):
    """A session in a Daily room."""

    room_url: str
    token: str | None = None


@dataclass
class WebSocketRunnerArguments(RunnerArguments):
    """A socket session. No transport type: the bot chooses, or the framework detects a provider."""

    websocket: Any
    transport_type: str | None = None


@dataclass(frozen=True)
class ArgumentTypes:
    """``webrtc`` is None where the installed packages have no such class."""

    plain: type
    daily: type
    websocket: type
    webrtc: type | None


# Where to look, with the names there.
_SOURCES = (
    (
        "pipecatcloud.agent",
        (
            "PipecatSessionArguments",
            "DailySessionArguments",
            "WebSocketSessionArguments",
            "SmallWebRTCSessionArguments",
        ),
    ),
    (
        "pipecat.runner.types",
        ("RunnerArguments", "DailyRunnerArguments", "WebSocketRunnerArguments", "SmallWebRTCRunnerArguments"),
    ),
)


def find_types() -> ArgumentTypes:
    """Call it after the bot is imported: importing ``pipecatcloud`` replaces the log handlers."""
    for module_name, (plain, daily, websocket, webrtc) in _SOURCES:
        try:
            module = importlib.import_module(module_name)
            found = ArgumentTypes(
                getattr(module, plain),
                getattr(module, daily),
                getattr(module, websocket),
                getattr(module, webrtc, None),
            )
        except (ImportError, AttributeError):
            continue  # Not installed, or too old to have these classes.
        return found
    return ArgumentTypes(RunnerArguments, DailyRunnerArguments, WebSocketRunnerArguments, None)


def build(cls: type, **values: Any) -> Any:
    """Builds arguments of any release: what an older class does not take is set afterwards."""
    accepted = {each.name for each in dataclasses.fields(cls) if each.init}
    args = cls(**{name: value for name, value in values.items() if name in accepted})
    for name in values.keys() - accepted:
        setattr(args, name, values[name])
    return args
