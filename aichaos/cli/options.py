"""Options that several commands share, and what becomes of them."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from aichaos import settings
from aichaos.errors import UsageError
from aichaos.observe.source import Choice

F = TypeVar("F", bound=Callable[..., Any])

_FROM_HELP = "Where the cluster comes from: live, a file, a folder, -, or demo:NAME."


def source_options(command: F) -> F:
    """--from, --kubeconfig, --context, -n, -A."""
    for option in reversed(
        (
            click.option("--from", "origin", metavar="SOURCE", help=_FROM_HELP),
            click.option("--kubeconfig", metavar="FILE", help="The kubeconfig file."),
            click.option("--context", metavar="NAME", help="The kubeconfig context."),
            click.option("-n", "--namespace", "namespaces", multiple=True, metavar="NAME", help="Only this namespace; may be repeated."),
            click.option("-A", "--all-namespaces", is_flag=True, help="All namespaces (the default)."),
        )
    ):
        command = option(command)
    return command


def output_option(command: F) -> F:
    return click.option(
        "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="For people or for scripts."
    )(command)


def choice(given: settings.Settings, namespaces: tuple[str, ...], *, all_namespaces: bool) -> Choice:
    """The source that flags and settings name."""
    if namespaces and all_namespaces:
        raise UsageError("-n and -A exclude each other", hint="Give one of them.")
    return Choice(origin=given["from"], kubeconfig=given["kubeconfig"], context=given["context"], namespaces=namespaces)


def say(line: str) -> None:
    """A line about how it goes: to standard error, and only where a person watches."""
    if sys.stderr.isatty():
        from aichaos.report.clean import clean

        print(f"· {clean(line)}", file=sys.stderr, flush=True)


def warn(lines: list[str]) -> None:
    from aichaos.report.clean import clean

    for line in lines:
        print(f"note: {clean(line)}", file=sys.stderr)


def write_json(value: Any) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
