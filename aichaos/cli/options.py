"""Options that several commands share, and what becomes of them."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from aichaos import settings
from aichaos.errors import UsageError
from aichaos.observe import manifests
from aichaos.observe.source import Choice

F = TypeVar("F", bound=Callable[..., Any])

_PLACED = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?/[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?")
_FROM_HELP = "Where the cluster comes from: live, a file, a folder, -, or demo:NAME."


class Placed(click.types.StringParamType):
    """`NAMESPACE/NAME` of a ConfigMap or a Lease of ours. what: how it is called."""

    name = "NS/NAME"

    def __init__(self, what: str, example: str) -> None:
        self._what, self._example = what, example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _PLACED.fullmatch(str(value)):
            self.fail(f"{value!r} names no {self._what}. Write NAMESPACE/NAME, as in {self._example}.", param, ctx)
        return str(value)


A_LEVER = Placed("lever", "aichaos/aichaos-lever")
A_LEASE = Placed("Lease", "aichaos/aichaos-run")


def _sources(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes --from: the bundled clusters, then live, and a file where the shell knows better than we do."""
    known = [name for name in ("live", *(f"demo:{name}" for name in manifests.demo_names())) if name.startswith(incomplete)]
    return [CompletionItem(name) for name in known] or [CompletionItem(incomplete, type="file")]


def _contexts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from aichaos.cluster.kubeconfig import known_contexts

    return [CompletionItem(name) for name in known_contexts(ctx.params.get("kubeconfig")) if name.startswith(incomplete)]


def source_options(command: F) -> F:
    """--from, --kubeconfig, --context, -n, -A."""
    for option in reversed(
        (
            click.option("--from", "origin", metavar="SOURCE", help=_FROM_HELP, shell_complete=_sources),
            click.option("--kubeconfig", metavar="FILE", help="The kubeconfig file.", type=click.Path(readable=False)),
            click.option("--context", metavar="NAME", help="The kubeconfig context.", shell_complete=_contexts),
            click.option("-n", "--namespace", "namespaces", multiple=True, metavar="NAME", help="Only this namespace; may be repeated."),
            click.option("-A", "--all-namespaces", is_flag=True, help="All namespaces (the default)."),
        )
    ):
        command = option(command)
    return command


def connection_options(command: F) -> F:
    """--kubeconfig, --context: for commands that are about a cluster and nothing else."""
    for option in reversed(
        (
            click.option("--kubeconfig", metavar="FILE", help="The kubeconfig file.", type=click.Path(readable=False)),
            click.option("--context", metavar="NAME", help="The kubeconfig context.", shell_complete=_contexts),
        )
    ):
        command = option(command)
    return command


def output_option(command: F) -> F:
    return click.option(
        "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="For people or for scripts."
    )(command)


def own_library(named: str | None) -> Path | None:
    """The folder with the user's own scenarios, where a flag or a setting names one."""
    return Path(named).expanduser() if named else None


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
