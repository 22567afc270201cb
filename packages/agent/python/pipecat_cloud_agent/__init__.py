"""Base for a ``bot.py``: the agent container contract around ``async def bot(args)``.

Run it in the bot's directory with ``python -m pipecat_cloud_agent``.
"""
