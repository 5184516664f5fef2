"""Restoring by the piece: what no campaign hits by design. A writer that answers as it is told stands for the server."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from aichaos.cluster.writer import Absent, Found, Sight, Unread
from aichaos.domain.running import (
    Access,
    Approval,
    Change,
    Done,
    Intent,
    Manifest,
    Missing,
    Opened,
    Outcome,
    Place,
    Plan,
    Refused,
    Result,
    Rivals,
    Unknown,
)
from aichaos.run import journal, lease, own, restore
from aichaos.run.journal import Journal
from aichaos.run.likeness import as_it_was
from tests.run.driver import approval
from tests.run.rig import place

ELDER, YOUNGER = place("HTTPRoute", "shop", "elder"), place("HTTPRoute", "shop", "younger")


def route(where: Place, uid: str, born: str) -> Manifest:
    metadata = {"name": where.name, "namespace": where.namespace, "uid": uid, "creationTimestamp": born, "resourceVersion": "1"}
    return {"apiVersion": where.api_version, "kind": where.kind, "metadata": metadata, "spec": {}}


class Store:
    """Objects, and which reads fail how often."""

    def __init__(self, objects: dict[Place, Manifest], failing: dict[Place, int]) -> None:
        self.objects = objects
        self.failing = failing
        self.clock = "2026-11-25T12:00:05Z"
        self.approval: Approval = approval("r")
        self.sent: list[Change] = []

    def read(self, where: Place) -> Sight:
        if self.failing.get(where, 0):
            self.failing[where] -= 1
            return Unread("the connection was cut")
        return Found(self.objects[where]) if where in self.objects else Absent()

    def read_all(self, places: list[Place]) -> list[Sight]:
        return [self.read(one) for one in places]

    def send(self, change: Change) -> Outcome:
        self.sent.append(change)
        if change.verb == "delete":
            self.objects.pop(change.place, None)
            return Done()
        assert change.body is not None
        self.objects[change.place] = route(change.place, f"new-{len(self.sent)}", self.clock)
        return Done(object=self.objects[change.place])

    def send_all(self, changes: list[Change], may: object) -> list[Outcome]:
        return [self.send(one) for one in changes]


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """Of a run that has deleted the elder route and made it again."""
    monkeypatch.setenv("AICHAOS_STATE_DIR", str(tmp_path))
    rivals = (Rivals(elder=ELDER, younger=(YOUNGER,)),)
    plan = Plan(run="r", experiment="e", title="", digest="", cluster="", server="", steps=(), deadline=1.0, rivals=rivals)
    given: dict[str, Any] = {"host": "", "pid": 1, "lease": "a/b", "lever": "", "version": ""}
    made = journal.create(Opened(at=0.0, plan=plan, approval=approval("r"), access=Access(), **given))
    old, new = route(ELDER, "old", "2026-11-25T11:00:00Z"), route(ELDER, "new", "2026-11-25T12:00:01Z")
    made.write(
        Intent(number=1, step=1, change=Change(verb="delete", place=ELDER, uid="old"), before=old),
        Result(at=0.0, number=1, outcome=Done()),
        Intent(number=2, step=2, change=Change(verb="create", place=ELDER, body=old)),
        Result(at=0.0, number=2, outcome=Done(object=new)),
    )
    return made


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_a_rival_that_could_not_be_read_is_not_forgotten(book: Journal, failures: int) -> None:
    """Nothing is left to do of what could be read: that is no proof."""
    objects = {ELDER: route(ELDER, "new", "2026-11-25T12:00:01Z"), YOUNGER: route(YOUNGER, "y", "2026-11-25T11:30:00Z")}
    store: Any = Store(objects, {YOUNGER: failures})
    restored = restore.restore(book, store, lambda line: None, "main", None, restore.Patience(landing=0.0))
    assert restored.verified
    assert [(change.verb, change.place.name) for change in store.sent] == [("delete", "younger"), ("create", "younger")]
    assert objects[ELDER]["metadata"]["creationTimestamp"] < objects[YOUNGER]["metadata"]["creationTimestamp"]


def held(generation: int = 1) -> tuple[lease.Held, Manifest]:
    """A hold on the Lease, and the Lease as it is in the cluster."""
    where = lease.place("a/b")
    metadata = {"name": where.name, "namespace": where.namespace, "resourceVersion": "1"}
    spec = {"holderIdentity": "r", "leaseTransitions": generation}
    return lease.Held(place=where, run="r", generation=1), {"kind": "Lease", "metadata": metadata, "spec": spec}


def aged() -> dict[Place, Manifest]:
    """The elder route was made again: its rival has to follow."""
    return {ELDER: route(ELDER, "new", "2026-11-25T12:00:01Z"), YOUNGER: route(YOUNGER, "y", "2026-11-25T11:30:00Z")}


def test_nothing_is_put_back_while_it_is_not_known_whose_the_lease_is(book: Journal) -> None:
    ours, its = held()
    store: Any = Store(aged() | {ours.place: its}, {ours.place: 9})
    seen: list[int] = []
    send_all = store.send_all

    def noting(changes: list[Change], may: object) -> Any:
        seen.append(store.failing[ours.place])
        return send_all(changes, may)

    store.send_all = noting
    restored = restore.restore(book, store, lambda line: None, "main", ours, restore.Patience(landing=0.0, longest=0.01))
    assert restored.verified
    assert seen, "it was put back in the end"
    assert set(seen) == {0}


def test_whoever_waits_is_told_that_a_look_does_not_end(book: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the plugin that logs in hangs: it is asked by nobody's patience."""
    monkeypatch.setattr(restore, "_SILENT", 0.01)
    store: Any = Store(aged(), {})
    told = threading.Event()
    read_all = store.read_all
    store.read_all = lambda places: read_all(places) if told.wait(60) else []
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        if line.startswith("nobody has answered for"):
            told.set()

    assert restore.restore(book, store, say, "main", None, restore.Patience(landing=0.0)).verified
    assert [line for line in lines if line.startswith("nobody has answered for")] == [lines[0]]


def test_a_lease_that_may_not_be_read_keeps_nothing_from_being_put_back(book: Journal) -> None:
    ours, _ = held()
    store: Any = Store(aged(), {})
    read = store.read
    store.read = lambda where: Unread("forbidden", refused=True) if where == ours.place else read(where)
    restored = restore.restore(book, store, lambda line: None, "main", ours, restore.Patience(landing=0.0))
    assert restored.verified
    assert [change.verb for change in store.sent] == ["delete", "create"]


GOING = {"metadata": {"deletionTimestamp": "2026-11-25T12:00:04Z"}}


@pytest.mark.parametrize(
    ("namespace", "answer", "told"),
    [
        (None, Missing(), "somebody else has deleted its namespace"),
        (
            {"metadata": {"deletionTimestamp": "2026-11-25T12:00:04Z"}},
            Refused(code=403, why="no"),
            "somebody else is deleting its namespace",
        ),
    ],
)
def test_what_was_in_a_namespace_that_somebody_deletes_is_theirs(
    book: Journal, namespace: Manifest | None, answer: Outcome, told: str
) -> None:
    """It can't be made again, and nobody waits for that."""
    book.write(Intent(number=3, step=3, change=Change(verb="delete", place=ELDER, uid="new"), before=route(ELDER, "new", "")))
    book.write(Result(at=0.0, number=3, outcome=Done()))
    store: Any = Store({own.namespace("shop"): namespace} if namespace else {}, {})
    store.send_all = lambda changes, may: [answer for _ in changes]
    restored = restore.restore(book, store, lambda line: None, "main", None, restore.Patience(landing=0.0, refused=60.0))
    assert restored.verified
    assert [(one.object, one.what) for one in restored.foreign] == [("HTTPRoute/shop/elder", told)]


def test_why_a_change_is_not_taken_is_said_while_it_is_tried_again(book: Journal) -> None:
    """As where an admission webhook does not answer: the server says 500 to each change, and answers everything else."""
    store: Any = Store(aged(), {})
    send_all, said = store.send_all, threading.Event()

    def answers(changes: list[Change], may: object) -> Any:
        return send_all(changes, may) if said.is_set() else [Unknown(why="failed calling webhook") for _ in changes]

    def say(line: str) -> None:
        if line == "HTTPRoute/shop/younger: the server does not take it: failed calling webhook; this goes on until it does":
            said.set()

    store.send_all = answers
    patience = restore.Patience(landing=0.0, refused=0.0, longest=0.01)
    assert restore.restore(book, store, say, "main", None, patience).verified
    assert said.is_set()


def test_a_rival_that_could_not_be_made_again_is_not_to_be_deleted_by_hand_alone(book: Journal) -> None:
    """Whoever types what is left has it again, as it was."""
    objects = aged()
    objects[YOUNGER]["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    store: Any = Store(objects, {})
    store.send_all = lambda changes, may: [Refused(code=403, why="not now") for _ in changes]
    restored = restore.restore(book, store, lambda line: None, "main", None, restore.Patience(landing=0.0, refused=0.0))
    (left,) = restored.left_over
    removed, made = left.commands
    assert removed == "kubectl delete httproutes.gateway.networking.k8s.io/younger -n shop"
    saved = book.path.parent / "left-over" / "httproute-shop-younger.json"
    assert made == f"kubectl create -f {saved} --raw /apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes"
    assert json.loads(saved.read_text()) == as_it_was(objects[YOUNGER])


def test_what_was_ready_when_the_machine_fell_asleep_is_not_sent_when_it_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, its = held()
    store: Any = Store({ours.place: its}, {})
    clock = [100.0]
    monkeypatch.setattr(lease, "awake", lambda: clock[0])
    looked = lease.check(store, ours)
    assert looked.may_write()
    clock[0] += lease.FRESH + 0.1
    assert not looked.may_write()
    store.objects[ours.place] = held(generation=2)[1]
    assert not lease.check(store, ours).may_write()
