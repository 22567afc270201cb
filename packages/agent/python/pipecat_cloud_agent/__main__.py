"""``python -m pipecat_cloud_agent``: imports ``bot.py`` from the working directory and serves it."""

import asyncio
import importlib
import os
import signal
import sys

from loguru import logger

from . import arguments, logs, routes, webrtc
from .app import app
from .server import AgentServer
from .sessions import Sessions
from .settings import read_settings


def main() -> int:
    # Lines that the bot prints must be seen when they are printed, also in a file.
    sys.stdout.reconfigure(line_buffering=True)
    # Until the server runs there is no session to wait for; as process 1 the default would be to ignore it.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    logs.configure("DEBUG")
    try:
        settings = read_settings(os.environ)
    except ValueError as error:
        logger.critical(str(error))
        return 1
    logs.configure(settings.log_level)
    for warning in settings.warnings:
        logger.warning(warning)

    sessions = Sessions()
    sessions.image_version = settings.image_version
    host = routes.BotHost(sessions)
    routes.install(app, host)
    try:
        module = importlib.import_module("bot")
        host.bot = module.bot
    except Exception as error:
        reason = f"bot.py in {os.getcwd()} can't be used: {type(error).__name__}: {error}"
        logger.opt(exception=error).critical(f"{reason}. It must define 'async def bot(args)'.")
        return 1
    host.readyz = getattr(module, "readyz", host.readyz)
    host.types = arguments.find_types()
    webrtc.install(app, host)
    logs.configure(settings.log_level)

    server = AgentServer(app, sessions, settings)
    try:
        asyncio.run(server.serve())
    except SystemExit:
        if server.started:
            raise  # The bot's own.
        address = f"{settings.host}:{settings.port}"
        logger.critical(f"The address {address} can't be used. Set HOST and PORT to a free one.")
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
