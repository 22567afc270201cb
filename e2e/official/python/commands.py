"""Prints what the installed package offers, as JSON: its commands with all names of each option, and the paths that it knows."""

import json

from pipecatcloud.cli.entry_point import entrypoint_cli_typer
from pipecatcloud.config import config
from typer.main import get_command


def walk(command, path):
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from walk(inner, [*path, name])
        return
    shown = [each for each in command.params if each.param_type_name == "option" and not getattr(each, "hidden", False)]
    yield " ".join(path), [each.opts + each.secondary_opts for each in shown]


root = get_command(entrypoint_cli_typer)
options = [name for each in root.params for name in each.opts]
paths = {key: config.get(key) for key in config.settings if key.endswith("_path")}
print(json.dumps({"commands": dict(walk(root, [])), "options": options, "paths": paths}))
