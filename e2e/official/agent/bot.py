import asyncio


async def bot(args):
    """Stays until its time is up or it is stopped; says what it was given."""
    body = getattr(args, "body", None) or {}
    print(f"The body has {sorted(body)}", flush=True)
    await asyncio.sleep(float(body.get("seconds", 3600)))
