"""The contract's own routes (contract §9.3). Registered before the bot's, so that they can't be replaced."""

import base64
import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse
from fastapi.websockets import WebSocketState
from loguru import logger

from .arguments import ArgumentTypes, build
from .sessions import Session, Sessions

MAX_BODY_BYTES = 10 * 1024 * 1024


class NoOfferError(Exception):
    """A WebRTC session whose client never came."""


@dataclass
class BotHost:
    """Filled in once the bot is imported; requests come only after that."""

    sessions: Sessions
    types: ArgumentTypes | None = None
    bot: Callable[[Any], Awaitable[None]] | None = None
    readyz: Callable[[], Any] = lambda: True
    # Waits for the offer and gives the bot's arguments. None where the bot has no WebRTC.
    wait_for_offer: Callable[[Session, dict], Awaitable[Any]] | None = None


def install(app: FastAPI, host: BotHost) -> None:
    @app.post("/bot")
    async def bot(request: Request) -> dict:
        body = await _json_object(request)
        refused = host.sessions.refusal()
        if refused:
            raise HTTPException(*refused)
        headers = request.headers
        session = host.sessions.claim(_value(headers, "x-daily-session-id"), headers.get("x-pcc-max-session-seconds"))
        room_url, token = _value(headers, "x-daily-room-url"), _value(headers, "x-daily-room-token")
        webrtc = headers.get("x-daily-transport-type") == "webrtc" and host.wait_for_offer is not None

        async def main() -> None:
            if room_url and token:
                values = {"room_url": room_url, "token": token}
                args = build(host.types.daily, session_id=session.id, body=body, **values)
            elif webrtc:
                args = await host.wait_for_offer(session, body)
            else:
                args = build(host.types.plain, session_id=session.id, body=body)
            await host.bot(args)

        await session.run(main)
        if isinstance(session.error, NoOfferError):
            raise HTTPException(500, str(session.error))
        return {}

    @app.websocket("/ws")
    async def socket(ws: WebSocket) -> None:
        refused = host.sessions.refusal()
        if refused:
            status, detail = refused
            await ws.send_denial_response(JSONResponse({"detail": detail}, status))
            return
        session_id = _value(ws.headers, "x-daily-session-id")
        session = host.sessions.claim(session_id, ws.headers.get("x-pcc-max-session-seconds"))
        try:
            await ws.accept()
        except BaseException:
            session.release()
            raise

        async def main() -> None:
            body = _decode_body(ws.query_params.get("body"))
            await host.bot(build(host.types.websocket, session_id=session_id, websocket=ws, body=body))

        await session.run(main)
        await _close(ws, 1001 if session.stopped else 1011 if session.error else 1000)

    async def readyz() -> JSONResponse:
        if host.sessions.draining:
            return JSONResponse({"status": "shutting down"}, 503)
        try:
            answer = host.readyz()
            if inspect.isawaitable(answer):
                answer = await answer
        except Exception as error:
            logger.warning(f"The readiness check failed: {error}")
            answer = {"ready": False, "error": str(error)}
        if isinstance(answer, dict):
            return JSONResponse(answer, 200 if answer.get("ready") is True else 503)
        return JSONResponse({"status": "ok"}) if answer is True else JSONResponse({"status": "not ready"}, 503)

    async def livez() -> dict:
        return {"status": "ok"}

    app.add_api_route("/readyz", readyz, methods=["GET", "HEAD"])
    app.add_api_route("/livez", livez, methods=["GET", "HEAD"])


async def _json_object(request: Request) -> dict:
    """Reads a JSON object whatever its content type; anything else is refused with 422."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_BODY_BYTES:
            chunks.append(chunk)
    if size > MAX_BODY_BYTES:
        raise HTTPException(413, f"The body is larger than {MAX_BODY_BYTES} bytes.")
    try:
        body = json.loads(b"".join(chunks))
    except ValueError:
        raise HTTPException(422, "The body is not JSON. Send a JSON object, {} when there is nothing to say.") from None
    if not isinstance(body, dict):
        raise HTTPException(422, "The body is not a JSON object. Send {} when there is nothing to say.")
    return body


def _decode_body(encoded: str | None) -> Any:
    """Base64 of JSON. Clients append it raw, so a ``+`` may have become a space (contract §8.6.3)."""
    if not encoded:
        return {}
    try:
        return json.loads(base64.b64decode(encoded.replace(" ", "+")).decode("utf-8"))
    except ValueError:
        logger.error("The body in the socket address is not base64 of JSON: the bot starts with an empty one.")
        return {}


async def _close(ws: WebSocket, code: int) -> None:
    if WebSocketState.DISCONNECTED in (ws.client_state, ws.application_state):
        return
    try:
        await ws.close(code)
    except RuntimeError:
        pass  # The bot or the peer was faster.


def _value(headers: Any, name: str) -> str | None:
    return headers.get(name) or None
