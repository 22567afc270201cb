"""The web server, with a shutdown that waits for the session instead of closing its connections (contract §9.6)."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI
from loguru import logger

from .sessions import Session, Sessions
from .settings import Settings

# Time for a bot to return once it was cancelled.
GRACE_SECONDS = 5
# Longer than any client keeps an idle connection, so that a reused one is never closed under a request.
KEEP_ALIVE_SECONDS = 75


class AgentServer(uvicorn.Server):
    def __init__(self, app: FastAPI, sessions: Sessions, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                access_log=False,
                log_config=None,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._sessions = sessions
        self._timeout_seconds = settings.shutdown_timeout_seconds
        self._draining: asyncio.Task | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The server's own handling would tell every open socket to go away at once."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._on_signal)
        yield

    async def startup(self, sockets: list | None = None) -> None:
        await super().startup(sockets)
        for server in getattr(self, "servers", []):
            host, port = server.sockets[0].getsockname()[:2]
            logger.info(f"Agent listening on http://{host}:{port}")

    def _on_signal(self) -> None:
        session = self._sessions.current
        if self._draining:
            exit_now()
        elif session:
            self._sessions.draining = True
            self._draining = asyncio.create_task(self._drain(session))
        else:
            self.should_exit = True

    async def _drain(self, session: Session) -> None:
        for server in self.servers:
            server.close()
        logger.info(f"Shutting down when the session ends, in {self._timeout_seconds:g} s at the latest")
        if not await _ends_within(session, self._timeout_seconds):
            logger.warning("The shutdown timeout has passed: telling the bot to stop")
            session.stop()
            if not await _ends_within(session, GRACE_SECONDS):
                exit_now()
        self.should_exit = True


async def _ends_within(session: Session, seconds: float) -> bool:
    try:
        await asyncio.wait_for(session.ended.wait(), seconds)
    except TimeoutError:
        return False
    return True


def exit_now() -> None:
    """Ends the process with code 0 whatever the bot's tasks and threads are doing."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
