"""Prints what the installed package offers, as JSON: its commands with their options, and the paths that it knows."""

import json

from pipecatcloud.cli.entry_point import entrypoint_cli_typer
from pipecatcloud.config import config
from typer.main import get_command


def walk(command, path):
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from walk(inner, [*path, name])
        return
    # Long names alone: a short form is the same option.
    names = [name for each in command.params if not getattr(each, "hidden", False) for name in each.opts]
    yield " ".join(path), sorted(name for name in names if name.startswith("--"))


root = get_command(entrypoint_cli_typer)
options = [name for each in root.params for name in each.opts]
paths = {key: config.get(key) for key in config.settings if key.endswith("_path")}
print(json.dumps({"commands": dict(walk(root, [])), "options": options, "paths": paths}))
