"""Questions come at their rate, whatever the answers do, and an answer's time counts from when its question was due."""

import threading
import time
from itertools import pairwise

from aichaos.domain.experiment import HTTPProbe, Probe
from aichaos.domain.sample import Sample
from aichaos.measure.probes import Prober, Ways
from aichaos.measure.sampling import Sampling
from aichaos.measure.whom import resolve
from tests.measure.servers import Said, server
from tests.observe.clusters import topology_of

STALL = 0.5


def probe(rate: float | None = None) -> Probe:
    return Probe(name="p", http=HTTPProbe(url="http://shop.example.com/"), rate=rate)


def test_a_server_that_hangs_is_seen_by_every_question_that_was_due() -> None:
    """Coordinated omission: a client that waits for its answer would ask once in the time that the server hangs."""
    hangs, opened = threading.Event(), threading.Event()
    found: list[Sample] = []
    enough = threading.Event()

    def ask(one: Probe) -> Sample:
        began = time.monotonic()
        if hangs.is_set():
            opened.wait(5)
        return Sample(probe=one.name, at=time.time(), outcome="good", seconds=time.monotonic() - began)

    def keep(one: Sample, late: float) -> None:
        found.append(one)
        if len(found) >= 60:
            enough.set()

    def answers_again() -> None:
        hangs.clear()
        opened.set()

    hangs.set()
    with Sampling([probe(rate=100)], [], ask, record=keep):
        threading.Timer(0.5, answers_again).start()
        assert enough.wait(10)
    slow = sorted((one for one in found if one.seconds is not None and one.seconds > 0.05), key=lambda one: one.at)
    assert len(slow) >= 30, "questions of half a second at a hundred a second waited"
    first, last = slow[0], slow[-1]
    assert (first.seconds or 0) > (last.seconds or 0), "who was due later has waited less"
    gaps = [two.at - one.at for one, two in pairwise(slow)]
    assert max(gaps) < 0.02, "each is dated by when it was due, a hundredth of a second apart"


def test_a_real_server_that_stalls_is_measured_as_its_callers_would_feel_it() -> None:
    """One stall of half a second in two: of the questions at fifty a second a quarter waits, evenly from nothing to all of it. A client
    that asks, waits and asks again sees one slow answer, and a p90 as if nothing had been."""
    stalled, over = threading.Event(), threading.Event()
    once = threading.Lock()
    went = threading.Event()
    found: list[Sample] = []

    def answer(path: str) -> Said:
        if stalled.is_set():
            went.wait(5)
        return Said()

    def answers_again() -> None:
        stalled.clear()
        went.set()

    def keep(one: Sample, late: float) -> None:
        with once:
            found.append(one)
            count = len(found)
        if count == 40:
            stalled.set()
            threading.Timer(STALL, answers_again).start()
        if count >= 100:
            over.set()

    with server(answer) as running:
        where = Ways(resolve=(resolve(f"web.example.com=127.0.0.1:{running.port}"),))
        asking = Prober(topology_of(), None, where)
        asked = Probe(name="p", http=HTTPProbe(url="http://web.example.com/"), rate=50)
        with Sampling([asked], [], asking.ask, record=keep):
            assert over.wait(20)
    waited = sorted(one.seconds or 0.0 for one in found)
    slow = [seconds for seconds in waited if seconds > STALL / 10]
    assert len(slow) >= 0.6 * STALL * 50, "everybody who came meanwhile has waited"
    assert slow[-1] >= 0.9 * STALL, "the first of them for all of it"
    middle = slow[len(slow) // 2]
    assert 0.25 * STALL < middle < 0.8 * STALL, "and those who came later for less, not all for the same"


def test_once_the_way_back_has_begun_an_abort_probe_ends_nothing() -> None:
    ended: list[str] = []
    asked = threading.Event()

    def ask(one: Probe) -> Sample:
        return Sample(probe=one.name, at=time.time(), outcome="bad")

    sampling = Sampling([], [probe(rate=200)], ask, lambda one, sample: ended.append(one.name), record=lambda one, late: asked.set())
    sampling.protect_no_more()
    with sampling:
        assert asked.wait(5)
    assert ended == []
