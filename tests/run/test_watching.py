"""Who listens for a stop may break, too: that is a stop, and never a run that nobody can end any more."""

import threading
from typing import Any

import pytest

from aichaos.run import heart, lease, lever
from aichaos.run.stops import Stops


class Broken:
    """A reader, or a writer, with a bug in it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("a bug of ours")


def test_a_lever_that_can_not_be_looked_at_any_more_is_pulled() -> None:
    told: list[str] = []
    heard = threading.Event()

    def pulled(why: str) -> None:
        told.append(why)
        heard.set()

    reader: Any = Broken()
    with lever.watch(reader, lever.place(), pulled, every=0.01, bound=600):
        assert heard.wait(60)
    assert told == ["the lever aichaos/aichaos-lever can't be read (RuntimeError): that counts as pulled"]


def test_a_machine_that_was_asleep_beyond_the_lease_goes_on_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock that deadlines go by stands still meanwhile; this one does not."""
    clock = [100.0]
    monkeypatch.setattr(heart, "awake", lambda: clock[0])
    monkeypatch.setattr(heart, "LOOK", 0.01)
    held = lease.Held(place=lease.place(), run="r", generation=1)
    monkeypatch.setattr(lease, "look", lambda writer, held: lease.Beat(held=held))
    stops, writer = Stops(), Broken()
    with heart.keeping(writer, held, stops):  # type: ignore[arg-type]
        assert stops.wait(0.1) is None
        clock[0] += lease.SECONDS + 1
        stop = stops.wait(60)
    assert stop is not None
    assert stop.reason.startswith("nothing of this run moved for 16 s")


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (lease.Held(place=lease.place(), run="r", generation=2), "somebody has deleted Lease/aichaos/aichaos-run, or changed it by hand"),
        (lease.Taken(run="r", who="", process="recover", renewed=""), "another process has taken the run over"),
        (lease.NotHad(why="no", final=True), "somebody has deleted Lease/aichaos/aichaos-run, and it can't be made again: no"),
    ],
)
def test_a_lease_that_is_not_ours_any_more_is_a_stop_that_says_why(monkeypatch: pytest.MonkeyPatch, found: lease.Hold, why: str) -> None:
    monkeypatch.setattr(heart, "LOOK", 0.01)
    monkeypatch.setattr(lease, "look", lambda writer, held: lease.Beat(held=None))
    monkeypatch.setattr(lease, "again", lambda writer, held: found)
    held = lease.Held(place=lease.place(), run="r", generation=1)
    stops, writer = Stops(), Broken()
    with heart.keeping(writer, held, stops):  # type: ignore[arg-type]
        stop = stops.wait(60)
    assert stop is not None
    assert stop.reason == why


def test_a_lease_that_is_not_renewed_any_more_is_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "LOOK", 0.01)
    stops, writer = Stops(), Broken()
    held = lease.Held(place=lease.place(), run="r", generation=1)
    with heart.keeping(writer, held, stops):  # type: ignore[arg-type]
        stop = stops.wait(60)
    assert stop is not None
    assert stop.reason == "the Lease is not renewed any more: RuntimeError"
