"""Options, and the question, that commands share which run or approve something."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from aichaos import settings
from aichaos.cli.options import A_LEVER, choice, warn
from aichaos.domain.experiment import seconds
from aichaos.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from aichaos.live.planning import Order
    from aichaos.live.running import Manner
    from aichaos.live.series import Consent, Looked
    from aichaos.run.approve import Whole
    from aichaos.run.plan import Refusal

F = TypeVar("F", bound=Callable[..., Any])

_RESOLVE = "An address that can be reached from here: gateway/NS/NAME[:PORT]=ADDRESS[:PORT], or service/…; may be repeated."

_INSIDE = "A Job with this image (deploy/) restores if this whole machine is lost."
GROW = "What grows, and how: a quantity (latency, jitter, loss, duration, percent, load), a place (/spec/…), or a parameter of a scenario."
_FIND = "Then halve the stretch between what held and what did not, until the ends are as close as this: 50ms, 5%."
_SHARED = "Run although the run and its watchdog would die together (one container, one CI job)."


def plan_options(command: F) -> F:
    """What a plan is drawn by, beside the cluster."""
    for option in reversed(
        (
            click.option("--resolve", "resolved", multiple=True, metavar="WHOM=WHERE", help=_RESOLVE),
            click.option("--prometheus", metavar="URL", help="The Prometheus that probes with a query ask."),
            click.option("--probe-ca", metavar="FILE", help="Authorities (PEM) that https probes trust beside this machine's."),
            click.option("--lever", metavar="NS/NAME", type=A_LEVER, help="The ConfigMap that stops every run (aichaos/aichaos-lever)."),
            click.option("--why", metavar="TEXT", default="", help="Why; it stands in the journal and in the cluster's Events."),
        )
    ):
        command = option(command)
    return command


class Seconds(click.FloatRange):
    """A number of seconds, or a length of time as experiments have them: 10, 10s, 1m30s."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        lasting = seconds(value) if isinstance(value, str) else None
        found = super().convert(value if lasting is None else lasting, param, ctx)
        if found != found:
            self.fail(f"{value!r} is no length of time", param, ctx)
        return found


def run_options(command: F) -> F:
    """How a run is kept safe and how it is watched."""
    interval, injection, stretch = Seconds(0.05, 60), Seconds(0.5, 600), Seconds(0, 3600)
    for option in reversed(
        (
            click.option("--no-cluster-journal", is_flag=True, help="Keep no copy of the journal in the cluster."),
            click.option("--accept-shared-fate", is_flag=True, help=_SHARED),
            click.option("--in-cluster-guard", metavar="IMAGE", help=_INSIDE),
            click.option("--interval", type=interval, default=0.5, show_default=True, help="Seconds between questions of a probe."),
            click.option("--baseline", type=stretch, default=5, show_default=True, help="Seconds of questions before the first step."),
            click.option("--after", type=stretch, default=5, show_default=True, help="Seconds of questions after the way back."),
            click.option("--no-observe", is_flag=True, help="Ask the probes alone, and not the requests whose answers were foretold."),
            click.option("--injection-timeout", type=injection, default=None, help="Seconds for a fault to arrive (30; of Litmus 120)."),
        )
    ):
        command = option(command)
    return command


def approval_options(command: F) -> F:
    """A file that says that somebody has reviewed it."""
    for option in reversed(
        (
            click.option(
                "--approval", metavar="FILE", type=click.Path(readable=False), help="An approval by `aichaos approve`, instead of asking."
            ),
            click.option(
                "--approval-key", metavar="FILE", type=click.Path(readable=False), help="The key file that the approval was signed with."
            ),
            click.option(
                "--allowed-signers", metavar="FILE", type=click.Path(readable=False), help="Whose SSH signatures are taken (ssh-keygen -Y)."
            ),
        )
    ):
        command = option(command)
    return command


def approved(given: dict[str, Any]) -> dict[str, Any]:
    """What `approval_options` say about an order."""
    return {
        "approval": existing(given["approval"]),
        "key": existing(given["approval_key"]),
        "signers": existing(given["allowed_signers"]),
    }


def growing_options(command: F) -> F:
    """What grows, and how."""
    for option in reversed(
        (
            click.option("--find-limit", metavar="CLOSE", help=_FIND),
            click.option(
                "--repeat", type=click.IntRange(1, 25), default=1, show_default=True, help="Runs of each value; most of them decide."
            ),
            click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="Another parameter of the scenario."),
            click.option("--for", "subject", default="", metavar="OBJECT", help="What the scenario is made for."),
            click.option(
                "--library", metavar="FOLDER", type=click.Path(readable=False), help="A folder with scenarios of your own, beside ours."
            ),
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
SERIES = "Give --yes, or an approval of all of it by --approval FILE."


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
    from aichaos.live.planning import Order
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
    if effective["probe_ca"] is not None:
        trust(effective["probe_ca"])
    return order


def stand_back(refusals: "list[Refusal]", *, said: bool = False) -> None:
    """Say why a run does not start, where that is not said yet. Raises RefusedError with the reasons, where there are any."""
    if not refusals:
        return
    from aichaos.report import progress
    from aichaos.report.layout import Paper

    if not said:
        progress.refused([(one.name, one.message, one.hint) for one in refusals], Paper(sys.stderr))
    reasons = ", ".join(dict.fromkeys(one.name for one in refusals))
    raise RefusedError(f"the run does not start: {reasons}", hint="Nothing was changed in the cluster.")


def asked(experiment: str, question: str) -> bool:
    """Whether whoever sits here types the experiment's name. Raises UsageError where nobody does."""
    terminal_or_yes(False)
    print(f"{question} Type its name, {experiment}, to go on: ", end="", file=sys.stderr, flush=True)
    typed = sys.stdin.readline()
    if not typed.endswith("\n"):  # Ctrl-D: what is said next begins a line
        print(file=sys.stderr, flush=True)
    return typed.strip() == experiment


class Several(NamedTuple):
    """Several runs in order, as a person knows them. what: `the day`; every: `all of them`; name, question: what is typed, and at what;
    parts: what each is called; covered: what an approval would be of; folder: where their experiments lie."""

    what: str
    every: str
    name: str
    question: str
    parts: "Sequence[str]"
    covered: "Whole"
    folder: Path


def not_begun(several: Several, looked: "Sequence[Looked]", given: dict[str, Any]) -> int | None:
    """After all was shown: None where the runs may begin, else the exit code of a command that ends here. Raises RefusedError where the
    guard, or the approval, is against it."""
    from aichaos.cli.screen import show_refusals
    from aichaos.live.series import unapproved

    refused = [name for name, one in zip(several.parts, looked, strict=True) if one.refusals]
    if other := unapproved(several.covered, looked):
        show_refusals(other)
        refused = ["approval"]
    if refused:
        hint = f"Nothing was changed in the cluster. The experiments lie in {several.folder}."
        raise RefusedError(f"{several.what} does not begin: {', '.join(refused)}", hint=hint)
    if given["check"]:
        print(f"The guard would let {several.every} begin; nothing was changed.", file=sys.stderr)
        return 0
    if not (given["yes"] or given["approval"]) and not asked(several.name, several.question):
        warn(["that is another name: nothing was changed"])
        return 130
    return None


def consent_of(looked: "Sequence[Looked]", given: dict[str, Any]) -> "Consent":
    """That somebody wants a series of which everything was shown, or approved by a file."""
    from aichaos.live.series import Consent

    permit = looked[0].permit
    return Consent(
        how="file" if permit else "yes" if given["yes"] else "keyboard",
        why=given["why"],
        cluster=looked[0].plan.server,
        digests=frozenset(one.plan.digest for one in looked),
        permit=permit,
    )


def existing(path: str | None) -> Path | None:
    return Path(path).expanduser() if path else None
