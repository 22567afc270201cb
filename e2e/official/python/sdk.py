"""Starts a session with the published SDK and prints what came of it, as JSON.

Arguments: agent, key, the session's data as JSON or nothing, and anything for a Daily room or nothing.
"""

import asyncio
import json
import sys

from pipecatcloud.exception import AgentStartError
from pipecatcloud.session import Session, SessionParams


async def main(agent, key, data, daily):
    try:
        properties = {"start_video_off": True} if daily else None
        params = SessionParams(
            data=json.loads(data) if data else None, use_daily=bool(daily), daily_room_properties=properties
        )
        print(json.dumps({"started": await Session(agent_name=agent, api_key=key, params=params).start()}))
    except AgentStartError as error:
        print(json.dumps({"message": error.message, "code": error.error_code}))


asyncio.run(main(*sys.argv[1:]))
