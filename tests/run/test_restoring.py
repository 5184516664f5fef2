"""Restoring by the piece: what no campaign hits by design. A writer that answers as it is told stands for the server."""

from pathlib import Path
from typing import Any

import pytest

from aichaos.cluster.writer import Absent, Found, Sight, Unread
from aichaos.domain.running import Access, Approval, Change, Done, Intent, Manifest, Opened, Outcome, Place, Plan, Result, Rivals
from aichaos.run import journal, restore
from aichaos.run.journal import Journal
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

    def send_all(self, changes: list[Change]) -> list[Outcome]:
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
