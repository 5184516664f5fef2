"""`aichaos library`: the experiments that come with the program, and those of a folder of one's own."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aichaos import settings
from aichaos.cli.options import choice, output_option, own_library, say, source_options, warn, write_json
from aichaos.errors import SourceError, UsageError

if TYPE_CHECKING:
    from aichaos.observe.topology import Topology

F = TypeVar("F", bound=Callable[..., Any])


def _library_option(command: F) -> F:
    return click.option(
        "--library", metavar="FOLDER", type=click.Path(readable=False), help="A folder with scenarios of your own, beside ours."
    )(command)


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from aichaos.library.shelf import scenarios

    return [one.name for one in scenarios() if one.name.startswith(incomplete)]


class _Library(click.Group):
    """Without a subcommand it lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            hint = f"There are {', '.join(self.commands)}; `aichaos library search {args[0]}` looks for scenarios."
            raise UsageError(f"`aichaos library` has no command {args[0]!r}", hint=hint)
        return super().resolve_command(ctx, args)


@click.group("library", cls=_Library)
def command() -> None:
    """The experiments that come with the program: list them, search, make one for your cluster.

    \b
    aichaos library                                       # all, and whether they fit your cluster
    aichaos library search latency litmus
    aichaos library show pod-failure-chaos-mesh
    aichaos library render pod-failure-chaos-mesh --set percent=50 --set duration=2m
    aichaos library check ./scenarios --from demo:ml-services

    `aichaos library` alone is `aichaos library list`.
    """


def _listing(given: dict[str, Any]) -> int:
    from aichaos import catalogue
    from aichaos.report import library
    from aichaos.report.layout import Paper

    effective = settings.load({**given, "from": given["origin"]})
    topology, notes = _seen(effective, given)
    found = catalogue.catalogue(given.get("words", ()), own_library(effective["library"]), topology)
    if given["output"] == "json":
        write_json(found)
    else:
        library.listed(found, Paper(sys.stdout))
        sys.stdout.flush()
    warn([*notes, *found.warnings])
    return 0


@command.command("list")
@source_options
@_library_option
@output_option
def _list(**given: Any) -> int:
    """All scenarios: what fits this cluster, and why the rest does not."""
    return _listing(given)


@command.command("search")
@click.argument("words", nargs=-1, required=True)
@source_options
@_library_option
@output_option
def _search(**given: Any) -> int:
    """The scenarios that have all of these words, the best first: in the name, the tags, the keywords, the title or the summary."""
    return _listing(given)


@command.command("show")
@click.argument("name", shell_complete=_names)
@source_options
@_library_option
@output_option
def _show(**given: Any) -> int:
    """One scenario: what it needs, what may be set, and what it could be made for here. NAME may be NAME@VERSION."""
    from aichaos import catalogue
    from aichaos.report import library
    from aichaos.report.layout import Paper

    effective = settings.load({**given, "from": given["origin"]})
    scenario = catalogue.find(given["name"], own_library(effective["library"]))
    topology, notes = _seen(effective, given)
    found = catalogue.entry(scenario, topology)
    if given["output"] == "json":
        write_json(found)
    else:
        library.one(found, Paper(sys.stdout))
        sys.stdout.flush()
    warn(notes)
    return 0


@command.command("render")
@click.argument("name", shell_complete=_names)
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter, with its unit if you like: latency=500ms.")
@click.option("--for", "subject", default="", metavar="OBJECT", help="What it is made for: Kind/NAMESPACE/NAME, or a name.")
@source_options
@_library_option
@click.option("--out", metavar="FOLDER", type=click.Path(readable=False), help="Where it is saved (default: ./chaos).")
@click.option("--no-save", is_flag=True, help="Save nothing.")
@click.option("--overwrite", is_flag=True, help="Overwrite files that have been edited, without asking.")
@output_option
def _render(**given: Any) -> int:
    """Make an experiment of a scenario for this cluster, check it, predict it, and save it. NAME may be NAME@VERSION.

    \b
    aichaos library render service-latency-litmus --set latency=1s --set percent=30% --for checkout
    """
    from aichaos import catalogue
    from aichaos.observe.topology import Topology
    from aichaos.pipeline import observe
    from aichaos.report import library
    from aichaos.report.layout import Paper

    effective = settings.load({**given, "from": given["origin"]})
    if not effective["out"]:
        raise UsageError("--out names no folder", hint="Leave it out for ./chaos, or use --no-save.")
    scenario = catalogue.find(given["name"], own_library(effective["library"]))
    said = catalogue.said(scenario, given["pairs"])
    topology = Topology(observe(choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"]), say))
    out = None if given["no_save"] else Path(effective["out"]).expanduser()
    making = catalogue.Making(scenario=scenario, said=said, subject=given["subject"], out=out)
    made = catalogue.render(making, topology, effective["policy"], lambda path: given["overwrite"] or _confirm(path))
    if given["output"] == "json":
        write_json(made)
    else:
        library.rendered(made, Paper(sys.stdout))
        sys.stdout.flush()
    warn(made.warnings)
    rejected = made.suggestion.verdict == "rejected"
    if made.suggestion.experiment and not rejected and given["output"] == "text":
        origin = f" --from {shlex.quote(effective['from'] or 'live')}"
        print(f"\nNext: aichaos check {shlex.quote(made.suggestion.experiment)}{origin}", file=sys.stderr)
    return 4 if rejected else 0


@command.command("check")
@click.argument("folders", nargs=-1, metavar="[FOLDER…]", type=click.Path(path_type=Path, readable=False))
@click.option("--from", "origins", multiple=True, metavar="SOURCE", help="A cluster to try them on: a file, a folder, live, demo:NAME.")
@click.option("--strict", is_flag=True, help="Warnings and skipped checks fail too.")
@output_option
def _check(folders: tuple[Path, ...], origins: tuple[str, ...], strict: bool, output: str) -> int:
    """Try every scenario of a folder on every cluster: made with its defaults and at the ends of each parameter's range, and checked.

    Without a folder: the folder of the setting `library`, or the scenarios of the program. Without --from: the bundled clusters.
    A scenario that fits none of the clusters fails, for nothing of it was checked. Ends with 4 where there are errors.
    """
    from aichaos import catalogue
    from aichaos.observe import manifests
    from aichaos.observe.source import Choice
    from aichaos.observe.topology import Topology
    from aichaos.pipeline import observe
    from aichaos.report import library
    from aichaos.report.layout import Paper

    effective = settings.load({})
    own = own_library(effective["library"])
    tried_on = origins or tuple(f"demo:{name}" for name in manifests.demo_names())
    clusters = [Choice(origin=one, kubeconfig=effective["kubeconfig"], context=effective["context"]) for one in tried_on]
    topologies = [Topology(observe(one, say)) for one in clusters]
    found = catalogue.tried(folders or ((own,) if own else ()), topologies, effective["policy"])
    if output == "json":
        write_json(found)
    else:
        library.tried(found, Paper(sys.stdout))
    bad = found.summary["error"] or (strict and (found.summary["warning"] or found.summary["skipped"]))
    return 4 if bad else 0


def _seen(effective: settings.Settings, given: dict[str, Any]) -> "tuple[Topology | None, list[str]]":
    """The cluster that scenarios should fit. Where none was named and none can be read, there is none, and a note says so."""
    from aichaos.observe.topology import Topology
    from aichaos.pipeline import observe

    named = any(effective[name] is not None for name in ("from", "context", "kubeconfig"))
    try:
        return Topology(observe(choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"]), say)), []
    except SourceError as error:
        if named:
            raise
        return None, [f"whether they fit is not said: {error}. Name a cluster with --from"]


def _confirm(path: str) -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty() and click.confirm(f"{path} has been edited. Overwrite it?", default=False, err=True)
