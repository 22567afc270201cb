"""The bot that the contract suite drives; ``src/testing/contract-bot.ts`` is its twin."""

import asyncio
import json

from fastapi import Request
from loguru import logger
from pipecatcloud_system import app

state = {"finish": asyncio.Event(), "ready": True, "running": None}


def readyz():
    return True if state["ready"] else {"ready": False, "why": "asked to"}


@app.get("/status")
async def status(request: Request):
    return {"sessionId": request.headers.get("x-daily-session-id", "NONE"), "running": state["running"]}


@app.post("/say")
async def say(request: Request):
    return {"said": await request.json()}


@app.post("/finish")
async def finish():
    state["finish"].set()
    return {}


@app.post("/ready")
async def ready(request: Request):
    state["ready"] = (await request.json())["ready"]
    return {}


async def bot(args):
    state["running"] = args.session_id
    state["finish"].clear()
    try:
        await act(args)
        logger.info("bot returns")
    finally:
        state["running"] = None


async def act(args):
    room = {"url": args.room_url, "token": args.token} if hasattr(args, "room_url") else None
    seen = json.dumps({"id": args.session_id or "NONE", "body": args.body, "room": room})
    logger.debug(f"seen {seen}")
    socket = getattr(args, "websocket", None)
    if socket:
        await socket.send_text(seen)
    action = args.body.get("do")

    if action == "throw":
        raise RuntimeError("on purpose")
    if action == "levels":
        logger.info("at info")
        logger.warning("at warning")
        logger.error("at error")
        print("a bare line")
    if action == "wait":
        await state["finish"].wait()
    if action == "hang":
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            logger.info("told to stop")
            raise
    if action == "stubborn":
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                pass
    if socket and action is None:
        await echo(socket)


async def echo(socket):
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        if message.get("bytes") is not None:
            await socket.send_bytes(message["bytes"])
        elif message.get("text") is not None:
            await socket.send_text(message["text"])
