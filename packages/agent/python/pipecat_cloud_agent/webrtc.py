"""``/api/offer``, only where the installed pipecat has what small WebRTC needs (contract §8.4, §9.5).

The ``/bot`` request of such a session comes first and waits for the offer; it ends when the bot ends.
"""

import asyncio
import json
import os
import urllib.request
from typing import Any

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request
from loguru import logger

from .arguments import build
from .logs import NO_SESSION
from .routes import BotHost, NoOfferError
from .sessions import Session

OFFER_TIMEOUT_SECONDS = 120
ICE_CONFIG_TIMEOUT_SECONDS = 60
FALLBACK_ICE_URL = "stun:stun.l.google.com:19302"


def install(app: FastAPI, host: BotHost) -> None:
    """Adds the routes, or nothing: a 404 there means that this bot can't do it."""
    try:
        import aiortc  # noqa: F401
        from pipecat.transports.smallwebrtc import connection, request_handler
    except ImportError:
        return
    if host.types is None or host.types.webrtc is None:
        return

    handler = request_handler.SmallWebRTCRequestHandler(
        connection_mode=request_handler.ConnectionMode.SINGLE,
        esp32_mode=os.environ.get("ESP32_ENABLED", "").lower() == "true",
        host=os.environ.get("ESP32_HOST"),
    )

    async def wait_for_offer(session: Session, body: dict) -> Any:
        session.offer = asyncio.get_running_loop().create_future()
        logger.info("Waiting for the WebRTC offer")
        try:
            peer, data = await asyncio.wait_for(session.offer, OFFER_TIMEOUT_SECONDS)
        except TimeoutError:
            raise NoOfferError(f"No WebRTC offer came within {OFFER_TIMEOUT_SECONDS} s.") from None
        return build(host.types.webrtc, session_id=session.id, body=data or body, webrtc_connection=peer)

    async def start_without_bot_request(session: Session, peer: Any, data: Any) -> None:
        args = build(host.types.webrtc, session_id=session.id, body=data or {}, webrtc_connection=peer)
        await session.run(lambda: host.bot(args))

    host.wait_for_offer = wait_for_offer

    @app.post("/api/offer")
    async def offer(request: Request, after_answer: BackgroundTasks) -> Any:
        try:
            parsed = request_handler.SmallWebRTCRequest.from_dict(await request.json())
        except (TypeError, ValueError, AttributeError) as error:
            raise HTTPException(422, f"The offer is not understood: {error}") from None
        session = host.sessions.current
        if session is None:
            refused = host.sessions.refusal()
            if refused:
                raise HTTPException(*refused)
        elif session.offer is None:
            raise HTTPException(409, "The running session is not a WebRTC session.")
        servers = await asyncio.to_thread(_ice_servers)
        handler.update_ice_servers([connection.IceServer(**server) for server in servers])

        async def on_connection(peer: Any) -> None:
            # The bot begins once the answer is on its way, so that it never speaks to nobody.
            waiting = host.sessions.current
            if waiting is None:
                claimed = host.sessions.claim(request.headers.get("x-daily-session-id") or None)
                claimed.offer = asyncio.get_running_loop().create_future()
                after_answer.add_task(start_without_bot_request, claimed, peer, parsed.request_data)
            elif waiting.offer is not None and not waiting.offer.done():
                after_answer.add_task(_hand_over, waiting.offer, (peer, parsed.request_data))

        session_id = (session.id if session else request.headers.get("x-daily-session-id")) or NO_SESSION
        # The connection lives on in this context, so its lines carry the id as well.
        with logger.contextualize(session_id=session_id):
            return await handler.handle_web_request(request=parsed, webrtc_connection_callback=on_connection)

    @app.patch("/api/offer")
    async def candidates(request: Request) -> dict:
        try:
            body = await request.json()
            found = [request_handler.IceCandidate(**each) for each in body["candidates"]]
            patch = request_handler.SmallWebRTCPatchRequest(pc_id=body["pc_id"], candidates=found)
        except (TypeError, ValueError, KeyError) as error:
            raise HTTPException(422, f"The candidates are not understood: {error}") from None
        await handler.handle_patch_request(patch)
        return {"status": "success"}


async def _hand_over(offer: asyncio.Future, value: tuple) -> None:
    if not offer.done():
        offer.set_result(value)


def _ice_servers() -> list[dict]:
    """From ``ICE_CONFIG_URL`` (contract §9.2); any failure falls back to a public STUN server."""
    url = os.environ.get("ICE_CONFIG_URL")
    if url:
        try:
            with urllib.request.urlopen(url, timeout=ICE_CONFIG_TIMEOUT_SECONDS) as response:
                servers = json.load(response)["iceConfig"]["iceServers"]
            return [
                {
                    "urls": server["urls"],
                    "username": server.get("username", ""),
                    "credential": server.get("credential", ""),
                }
                for server in servers
            ]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.error(f"ICE_CONFIG_URL gave no usable ICE servers: {error}. Using {FALLBACK_ICE_URL}.")
    return [{"urls": FALLBACK_ICE_URL, "username": "", "credential": ""}]
