"""Options and the question that `run` and `approve` share."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aichaos import settings
from aichaos.cli.options import choice
from aichaos.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from aichaos.live.planning import Order
    from aichaos.live.running import Manner
    from aichaos.run.plan import Refusal

F = TypeVar("F", bound=Callable[..., Any])

_RESOLVE = "An address that can be reached from here: gateway/NS/NAME[:PORT]=ADDRESS[:PORT], or service/…; may be repeated."

_INSIDE = "A Job with this image (deploy/) restores if this whole machine is lost."
_SHARED = "Run although the run and its watchdog would die together (one container, one CI job)."


def plan_options(command: F) -> F:
    """What a plan is drawn by, beside the cluster."""
    for option in reversed(
        (
            click.option("--resolve", "resolved", multiple=True, metavar="WHOM=WHERE", help=_RESOLVE),
            click.option("--prometheus", metavar="URL", help="The Prometheus that probes with a query ask."),
            click.option("--probe-ca", metavar="FILE", help="Authorities (PEM) that https probes trust beside this machine's."),
            click.option("--lever", metavar="NS/NAME", help="The ConfigMap that stops every run (aichaos/aichaos-lever)."),
            click.option("--why", metavar="TEXT", default="", help="Why; it stands in the journal and in the cluster's Events."),
        )
    ):
        command = option(command)
    return command


def run_options(command: F) -> F:
    """How a run is kept safe and how it is watched."""
    interval, injection, stretch = click.FloatRange(0.05, 60), click.FloatRange(0.5, 600), click.FloatRange(0, 3600)
    for option in reversed(
        (
            click.option("--no-cluster-journal", is_flag=True, help="Keep no copy of the journal in the cluster."),
            click.option("--accept-shared-fate", is_flag=True, help=_SHARED),
            click.option("--in-cluster-guard", metavar="IMAGE", help=_INSIDE),
            click.option("--interval", type=interval, default=0.5, show_default=True, help="Seconds between questions of a probe."),
            click.option("--baseline", type=stretch, default=5, show_default=True, help="Seconds of questions before the first step."),
            click.option("--after", type=stretch, default=5, show_default=True, help="Seconds of questions after the way back."),
            click.option("--no-observe", is_flag=True, help="Ask the probes alone, and not the requests whose answers were foretold."),
            click.option("--injection-timeout", type=injection, default=30, show_default=True, help="Seconds for a fault to arrive."),
        )
    ):
        command = option(command)
    return command


def safety(given: dict[str, Any]) -> dict[str, Any]:
    """What `run_options` say about an order. Raises UsageError."""
    if given["in_cluster_guard"] and given["no_cluster_journal"]:
        raise UsageError("--in-cluster-guard restores from the journal in the cluster", hint="Leave out --no-cluster-journal.")
    inside = given["in_cluster_guard"] or ""
    return {"journal": not given["no_cluster_journal"], "shared_fate": given["accept_shared_fate"], "inside": inside}


def manner_of(given: dict[str, Any]) -> "Manner":
    from aichaos.live.running import Manner

    return Manner(
        interval=given["interval"],
        injection=given["injection_timeout"],
        baseline=given["baseline"],
        after=given["after"],
        observe=not given["no_observe"],
    )


ONE_RUN = "Give --yes, or an approval by --approval FILE."
SERIES = "Give --yes. An approval file is for one experiment: where one is needed, `aichaos approve` and `aichaos run` each by itself."


def terminal_or_yes(consent: object, hint: str = ONE_RUN) -> None:
    """Raises UsageError where nobody can be asked, and nothing was given instead."""
    if not consent and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("there is no terminal to ask at", hint=hint)


@contextmanager
def unless_begun(folder: Path, sign: Path) -> Iterator[None]:
    """A folder of ours that goes away again unless something was begun in it. What the guard refuses stays: its hints name the files.

    sign: a file that is there once something was begun.
    """
    refused = False
    try:
        yield
    except RefusedError:
        refused = True
        raise
    finally:
        if not refused and not sign.exists():
            shutil.rmtree(folder, ignore_errors=True)


def order_of(given: dict[str, Any], **more: Any) -> "Order":
    """Raises UsageError."""
    from aichaos.domain.running import LEVER
    from aichaos.live.planning import Order, lease_of
    from aichaos.measure.http import trust
    from aichaos.measure.prometheus import checked
    from aichaos.measure.whom import resolve

    effective = settings.load({**given, "from": given["origin"]})
    order = Order(
        path=given["experiment"],
        choice=choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"]),
        policy=effective["policy"],
        resolve=tuple(resolve(one) for one in given["resolved"]),
        prometheus=checked(given["prometheus"]) if given["prometheus"] else None,
        lever=given["lever"] or LEVER,
        **more,
    )
    lease_of(order)
    if effective["probe_ca"] is not None:
        trust(effective["probe_ca"])
    return order


def stand_back(refusals: "list[Refusal]") -> None:
    """Say why a run does not start. Raises RefusedError with the first reason, where there is one."""
    if not refusals:
        return
    from aichaos.report import progress
    from aichaos.report.layout import Paper

    progress.refused([(one.name, one.message, one.hint) for one in refusals], Paper(sys.stderr))
    reasons = ", ".join(dict.fromkeys(one.name for one in refusals))
    raise RefusedError(f"the run does not start: {reasons}", hint="Nothing was changed in the cluster.")


def asked(experiment: str, question: str) -> bool:
    """Whether whoever sits here types the experiment's name. Raises UsageError where nobody does."""
    terminal_or_yes(False)
    print(f"{question} Type its name, {experiment}, to go on: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == experiment


def existing(path: str | None) -> Path | None:
    return Path(path).expanduser() if path else None
