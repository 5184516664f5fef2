"""Runs for people to see: those of this machine from their journals, and the active one from the cluster's Lease."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from aichaos.cluster.connection import connect
from aichaos.cluster.reader import Forbidden, Reader
from aichaos.domain import forms
from aichaos.domain.about import REPORT, word_of
from aichaos.domain.results import Confidence, Scored
from aichaos.domain.running import LEVER, Manifest, Place, beside_lever
from aichaos.errors import FileError
from aichaos.files.plain import at, text
from aichaos.run import journal, lease, mirror, own, state
from aichaos.run.marks import RUN
from aichaos.run.places import listing, looking


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A run of this machine. state: running, completed, stopped, failed, unfinished (nobody restored it), unreadable.

    restored: verified, not-restored, nothing-changed: the word of its report, too; None where that is not known yet. verdict, score (0 to
    100), confidence (low, medium, high): as its report says; None where there is none, or where it says nothing.
    """

    run: str
    experiment: str
    began: str
    state: str
    restored: str | None
    changes: int
    verdict: str | None = None
    score: int | None = None
    confidence: str | None = None


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """The run that holds the cluster's Lease. renewed: RFC 3339; a Lease that was not renewed for 15 s is stale. "" where the Lease
    can't be read, and the run is known by its journal in the cluster."""

    run: str
    who: str
    process: str
    renewed: str
    stop: str


def past() -> list[Past]:
    """The latest first."""
    found = [_past(path.parent.name) for path in state.runs().glob(f"*/{state.JOURNAL}")]
    return sorted(found, key=lambda one: (one.began, one.run), reverse=True)


def one(run: str) -> Past:
    """A run of this machine, as its journal tells it; `unreadable` where there is none. Raises FileError for a name that is none."""
    return _past(run)


def active(where: str, kubeconfig: str | None, context: str | None) -> list[Active]:
    """The run that holds the Lease, if one does; for whoever may not read Leases, the runs whose journals lie beside it.

    Raises SourceError; also where neither can tell.
    """
    place = lease.place(where)
    with connect(kubeconfig=kubeconfig, context=context) as connection:
        reader = Reader(connection)
        try:
            found = looking(reader)(place)
        except Forbidden as error:
            return _by_journals(reader, place, error)
    holder = lease.holder(found) if found else None
    if holder is None:
        return []
    return [
        Active(run=holder.run, who=holder.who, process=holder.process, renewed=holder.renewed, stop=_stop(holder.run, place.namespace)),
    ]


def _by_journals(reader: Reader, place: Place, forbidden: Forbidden) -> list[Active]:
    """Runs by their journals in the cluster. The built-in ClusterRole `view` has ConfigMaps and no Leases."""
    namespace = place.namespace
    try:
        found = [run for one in listing(reader)("v1", "configmaps", namespace) if (run := _by_journal(one, namespace))]
        if found or looking(reader)(own.namespace(namespace)) is None:
            return found
    except Forbidden:
        pass
    role = f"kubectl -n {namespace} create role aichaos-runs --verb=get --resource=leases.coordination.k8s.io"
    bind = f"kubectl -n {namespace} create rolebinding aichaos-runs --role=aichaos-runs --user=YOU"
    raise Forbidden(
        f"whether a run is active is not known: {namespace} shows no journal of one, and you may not read its Lease ({forbidden})",
        hint=f"Somebody who may grants it: {role} && {bind}",
    )


def _by_journal(found: Manifest, namespace: str) -> Active | None:
    run = text(at(found, "metadata", "labels", RUN))
    data = text(at(found, "data", mirror.KEY)).encode()
    if not data or text(at(found, "metadata", "name")) != mirror.place(run, namespace).name:
        return None
    try:
        opened = journal.replay(data, None, run).opened
    except FileError:
        return Active(run=run, who="", process="its journal can't be read", renewed="", stop=_stop(run, namespace))
    return Active(
        run=run,
        who=opened.approval.who,
        process=f"main {opened.pid} on {opened.host}",
        renewed="",
        stop=_stop(run, namespace),
    )


def _stop(run: str, namespace: str) -> str:
    """The lever's namespace says which Lease is meant; its name does not matter for a single run."""
    return beside_lever(f"aichaos stop {run}", f"{namespace}/{LEVER.partition('/')[2]}")


PAST = ("RUN", "BEGAN", "STATE", "RESTORED", "VERDICT", "SCORE", "CONFIDENCE")
ACTIVE = ("RUN", "WHO", "PROCESS", "HEARD OF", "TO STOP IT")


def row(one: Past | Active) -> tuple[str, ...]:
    """As a line of a table with the heading PAST or ACTIVE."""
    if isinstance(one, Past):
        score = str(one.score) if one.score is not None else "none" if one.confidence else "–"
        return one.run, one.began, one.state, one.restored or "–", one.verdict or "–", score, one.confidence or "–"
    heard = f"renewed {one.renewed}" if one.renewed else "by its journal: you may not read the Lease"
    return one.run, one.who, one.process, heard, one.stop


def _past(run: str) -> Past:
    where = state.folder(run)
    try:
        record = journal.read(where / state.JOURNAL)
    except FileError:
        return Past(run=run, experiment="", began="", state="unreadable", restored=None, changes=0)
    opened, closed, told = record.opened, record.closed, _told(where / REPORT)
    done = told.finished or _Finished()
    word = word_of(done.restored, done.left_over, closed.restored if closed else None)
    return Past(
        run=run,
        experiment=opened.plan.experiment,
        began=datetime.fromtimestamp(opened.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        state=closed.outcome if closed else "running" if state.is_locked(where) else "unfinished",
        restored=None if word == "unknown" else word,
        changes=len(record.outcomes),
        verdict=done.verdict,
        score=told.score.value if told.score else None,
        confidence=told.confidence.word if told.confidence else None,
    )


class _Finished(msgspec.Struct):
    verdict: str | None = None
    restored: str | None = None
    left_over: list[str] = []


class _Told(msgspec.Struct):
    """What of a report stands in the list."""

    finished: _Finished | None = None
    score: Scored | None = None
    confidence: Confidence | None = None


def _told(path: Path) -> _Told:
    try:
        return forms.decode(path.read_bytes(), _Told)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return _Told()  # `aichaos report` says what is missing
