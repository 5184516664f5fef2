"""Questions come at their rate, whatever the answers do, and an answer's time counts from when its question was due."""

import threading
import time
from itertools import pairwise
from statistics import median

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
    asked, opened, enough = threading.Event(), threading.Event(), threading.Event()
    found: list[Sample] = []
    released: list[float] = []

    def ask(one: Probe) -> Sample:
        began = time.monotonic()
        if not asked.is_set():
            asked.set()
            threading.Timer(STALL, answers_again).start()
        opened.wait(5)
        return Sample(probe=one.name, at=time.time(), outcome="good", seconds=time.monotonic() - began)

    def keep(one: Sample, late: float) -> None:
        found.append(one)
        if len(found) >= 60:
            enough.set()

    def answers_again() -> None:
        released.append(time.time())
        opened.set()

    with Sampling([probe(rate=100)], [], ask, record=keep):
        assert enough.wait(20)
    slow = sorted((one for one in found if one.at < released[0]), key=lambda one: one.at)
    assert len(slow) >= 0.6 * STALL * 100, "questions of half a second at a hundred a second waited"
    first, last = slow[0], slow[-1]
    assert (first.seconds or 0) > (last.seconds or 0), "who was due later has waited less"
    gaps = [two.at - one.at for one, two in pairwise(slow)]
    assert median(gaps) < 0.02, "each is dated by when it was due, a hundredth of a second apart"


def test_a_real_server_that_stalls_is_measured_as_its_callers_would_feel_it() -> None:
    """One stall of half a second: of the questions at fifty a second each that is due meanwhile waits until its end. A client that asks,
    waits and asks again sees one slow answer, and a p90 as if nothing had been."""
    stalled, over, went = threading.Event(), threading.Event(), threading.Event()
    once = threading.Lock()
    found: list[Sample] = []
    stall: list[float] = []

    def answer(path: str) -> Said:
        if stalled.is_set():
            went.wait(5)
        return Said()

    def answers_again() -> None:
        stall.append(time.time())
        stalled.clear()
        went.set()

    def keep(one: Sample, late: float) -> None:
        with once:
            found.append(one)
            count = len(found)
        if count == 40:
            stalled.set()
            stall.append(time.time())
            threading.Timer(STALL, answers_again).start()
        if count >= 120 and went.is_set():
            over.set()

    with server(answer) as running:
        where = Ways(resolve=(resolve(f"web.example.com=127.0.0.1:{running.port}"),))
        asking = Prober(topology_of(), None, where)
        asked = Probe(name="p", http=HTTPProbe(url="http://web.example.com/"), rate=50)
        with Sampling([asked], [], asking.ask, record=keep):
            assert over.wait(30)
    begin, end = stall
    meanwhile = [one for one in found if begin <= one.at < end]
    assert len(meanwhile) >= 0.6 * STALL * 50, "nobody was left out while it stalled"
    waited = [one for one in meanwhile if (one.seconds or 0.0) >= end - one.at - STALL / 10]
    assert len(waited) >= 0.8 * len(meanwhile), "each waited for what was left of it, the first for all of it"


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
