"""Starts a session with the published SDK and prints what came of it, as JSON: agent, key, and the session's data as JSON."""

import asyncio
import json
import sys

from pipecatcloud.exception import AgentStartError
from pipecatcloud.session import Session, SessionParams


async def main(agent, key, data):
    try:
        params = SessionParams(data=json.loads(data)) if data else None
        print(json.dumps({"started": await Session(agent_name=agent, api_key=key, params=params).start()}))
    except AgentStartError as error:
        print(json.dumps({"message": error.message, "code": error.error_code}))


asyncio.run(main(*sys.argv[1:]))
