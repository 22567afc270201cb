"""The app, alone in its module so that a bot can add routes to it while it is imported."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

_lifespans: list[Callable[[FastAPI], AbstractAsyncContextManager]] = []


@asynccontextmanager
async def _lifespan(application: FastAPI) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for lifespan in _lifespans:
            await stack.enter_async_context(lifespan(application))
        yield


def add_lifespan_to_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager]) -> None:
    """``lifespan(app)`` is entered before the first request and left at the end, in reverse order."""
    _lifespans.append(lifespan)


app = FastAPI(lifespan=_lifespan, docs_url=None, redoc_url=None, openapi_url=None)
