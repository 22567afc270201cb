"""The one session that an agent may have: its marker lines, its time limit, its end."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from loguru import logger

from .logs import NO_SESSION, write_marker
from .settings import positive_number


class Session:
    """Held from the claim to the end. ``run`` is called once, or ``release`` when it can't be."""

    def __init__(self, owner: "Sessions", session_id: str | None, max_seconds: str | None) -> None:
        self.id = session_id
        self.stopped = False
        self.error: Exception | None = None
        self.ended = asyncio.Event()
        # Set while the session waits for a WebRTC offer or has its connection.
        self.offer: asyncio.Future | None = None
        self._owner = owner
        self._max_seconds = max_seconds
        self._task: asyncio.Task | None = None

    async def run(self, main: Callable[[], Awaitable[None]]) -> None:
        """Resolves when ``main`` has returned, whatever it raised. A caller that is cancelled leaves it running."""
        if self.stopped:
            self.release()
            return
        self._task = asyncio.create_task(self._run(main))
        limit = self._limit()
        timer = asyncio.get_running_loop().call_later(limit, self.stop) if limit is not None else None
        self._task.add_done_callback(lambda _: timer and timer.cancel())
        # The end of the caller must not be the end of the bot.
        await asyncio.shield(self._task)

    def stop(self) -> None:
        """Cancels the bot."""
        self.stopped = True
        if self._task:
            self._task.cancel()

    def release(self) -> None:
        self.ended.set()
        if self._owner.current is self:
            self._owner.current = None

    async def _run(self, main: Callable[[], Awaitable[None]]) -> None:
        metadata = json.dumps({"session_id": self.id, "image_version": self._owner.image_version})
        with logger.contextualize(session_id=self.id or NO_SESSION):
            write_marker(f"Starting bot session with metadata: {metadata}", self.id)
            try:
                await main()
            except asyncio.CancelledError:
                logger.debug("The bot was stopped" if self.stopped else "The bot was cancelled")
            except Exception as error:
                self.error = error
                logger.opt(exception=error).error(f"The bot raised: {error}")
            finally:
                write_marker(f"Stopping bot session with metadata: {metadata}", self.id)
                self.release()

    def _limit(self) -> float | None:
        """Contract §9.8: a limit that is no number above 0 is ignored with a warning."""
        if self._max_seconds is None:
            return None
        seconds = positive_number(self._max_seconds)
        if seconds is None:
            logger.bind(session_id=self.id or NO_SESSION).warning(
                f"X-PCC-Max-Session-Seconds is '{self._max_seconds}', which is no number above 0: no limit is set."
            )
        return seconds


class Sessions:
    def __init__(self) -> None:
        self.current: Session | None = None
        self.draining = False
        self.image_version = "unknown"

    def refusal(self) -> tuple[int, str] | None:
        """Why a new session can't begin now, if it can't: status and detail."""
        if self.draining:
            return 503, "This instance is shutting down and takes no new session."
        if self.current:
            return 409, "This instance runs a session already. It takes one at a time."
        return None

    def claim(self, session_id: str | None, max_seconds: str | None = None) -> Session:
        """Only after ``refusal`` said nothing, with no await in between."""
        self.current = Session(self, session_id, max_seconds)
        return self.current
