"""`aichaos config`: the effective settings, and where each came from."""

import sys
from contextlib import suppress
from typing import Any

import click
import msgspec

from aichaos import settings
from aichaos.ask.registry import default_model
from aichaos.cli.options import output_option, write_json
from aichaos.errors import BackendError
from aichaos.files.plain import shown_address
from aichaos.report.layout import Paper, Part


@click.command("config")
@output_option
def command(**given: Any) -> int:
    """The effective settings, and where each came from.

    A flag wins over the environment (AICHAOS_BACKEND, …), that over ./aichaos.yaml, that over your own file, that over the default.
    """
    effective = settings.load({})
    values = [_without_password(value) for value in effective.effective.values()]
    if given["output"] == "json":
        write_json({"settings": values, "project_file": str(settings.PROJECT_FILE), "user_file": str(settings.user_file())})
        return 0
    texts = {value.name: _text(value.value) for value in values}
    with suppress(BackendError):  # a backend that does not exist is said where it is used
        texts["model"] = effective["model"] or default_model(effective["backend"]) or "-"
    about = {setting.name: setting.about for setting in settings.SETTINGS}
    paper = Paper(sys.stdout)
    shown: list[tuple[Part, ...]] = [
        (
            (value.name, "bold"),
            (texts[value.name], ""),
            (value.origin, "cyan"),
            (about[value.name], "dim"),
        )
        for value in values
    ]
    paper.columns(shown)
    paper.line(f"\nyour own file: {settings.user_file()}")
    return 0


def _without_password(value: settings.Effective) -> settings.Effective:
    """An address may hold a name and a password; what this prints is shown to others."""
    if value.name != "base_url" or value.value is None:
        return value
    return msgspec.structs.replace(value, value=shown_address(value.value))


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
