"""The module under which bots find the app: ``from pipecatcloud_system import app``, then ``@app.get(...)``."""

from pipecat_cloud_agent.app import add_lifespan_to_app, app

__all__ = ["add_lifespan_to_app", "app"]
