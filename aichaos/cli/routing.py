"""What the commands that ask about requests share: whose routing is meant, which cluster, which Gateway, and requests from a file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from aichaos import pipeline, settings
from aichaos.cli.options import choice
from aichaos.domain import forms
from aichaos.domain.prediction import RequestLine
from aichaos.errors import UsageError
from aichaos.observe import manifests
from aichaos.predict.routing.profiles.registry import PROFILES

F = TypeVar("F", bound=Callable[..., Any])


def _implementations(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in PROFILES if name.startswith(incomplete)]


def implementation_option(command: F) -> F:
    return click.option(
        "--implementation",
        metavar="NAME",
        shell_complete=_implementations,
        help="Whose routing is meant: standard, or a known implementation (default: that of the GatewayClass).",
    )(command)


def client_option(command: F) -> F:
    return click.option(
        "--client",
        metavar="NAMESPACE",
        help="The namespace that requests to Services come from: its own routes for a Service stand instead of the Service's.",
    )(command)


def question_of(given: dict[str, Any], effective: settings.Settings) -> pipeline.Question:
    """The cluster, the Gateway and the implementation that flags name. Raises UsageError where standard input would be two things."""
    if given["requests"] == "-" and effective["from"] == "-":
        raise UsageError("standard input can't be both the requests and the cluster", hint="Save one of them to a file.")
    return pipeline.Question(
        choice=choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"]),
        gateway=given["gateway"],
        implementation=given["implementation"],
        client=given["client"],
    )


def request_lines(name: str) -> Iterator[RequestLine | UsageError]:
    """The requests of a file; a line that is none as the error that it gives. Raises FileError."""
    contents = [manifests.standard_input()] if name == "-" else [data for data, _ in manifests.texts(Path(name))]
    decoder = forms.decoder(RequestLine)
    for data in contents:
        for line in data.splitlines():
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                hint = 'A request is {"method": "GET", "url": "http://host/path", "headers": [["name", "value"]]}.'
                yield UsageError(f"not a request: {error}", hint=hint)
