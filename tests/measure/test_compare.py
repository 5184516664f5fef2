"""An effect is told from noise: none is seen where there is none, and one that is there is."""

import random

import pytest

from aichaos.domain.sample import Outcome, Sample
from aichaos.measure.compare import beside_sham, effects
from aichaos.measure.figures import Tally
from aichaos.measure.samples import line_of


def tally(
    chance: random.Random, count: int, bad: float = 0.01, slower: float = 0.0, backends: tuple[str, ...] = ("shop/a", "shop/b")
) -> Tally:
    """Answers as a service gives them: most of them quick, a long tail, a few bad, and slow seconds now and then."""
    seen, slow = [], 0.0
    for number in range(count):
        if number % 20 == 0:
            slow = 0.004 if chance.random() < 0.1 else 0.0
        outcome: Outcome = "bad" if chance.random() < bad else "good"
        seconds = 0.01 + chance.lognormvariate(-6, 0.8) + slow + slower
        seen.append(Sample(probe="p", at=float(number), outcome=outcome, seconds=seconds, backend=chance.choice(backends)))
    found = Tally()
    found.take(line_of(*seen))
    return found


@pytest.mark.parametrize("count", [20, 120, 600])
def test_fifty_sham_runs_give_no_false_alarm(count: int) -> None:
    """Simulated answers; `make shams` has fifty real runs, and the tests three."""
    chance = random.Random(count)
    for number in range(50):
        before, during, idle = (tally(chance, count) for _ in range(3))
        found = beside_sham(f"sham-{number}", {"p": during}, {"p": idle}, {"p": before})
        assert found.verdict != "effect", found.text
        assert [one.text for one in effects(before, during) if one.beyond_noise] == [], "nor beside its own baseline"


def test_a_known_effect_is_seen_and_its_size_is_in_the_interval() -> None:
    chance = random.Random(1)
    by_measure = {one.measure: one for one in effects(tally(chance, 400), tally(chance, 400, bad=0.3, slower=0.05))}
    success, p50 = by_measure["success"], by_measure["p50"]
    assert success.beyond_noise
    assert p50.beyond_noise
    assert success.low is not None
    assert success.high is not None
    assert success.low <= -0.29 <= success.high
    assert p50.low is not None
    assert p50.high is not None
    assert p50.low <= 0.05 <= p50.high


def test_requests_that_go_elsewhere_are_an_effect() -> None:
    chance = random.Random(2)
    found = effects(tally(chance, 200), tally(chance, 200, backends=("shop/b",)))
    assert {one.measure for one in found if one.beyond_noise} == {"share of shop/a", "share of shop/b"}


def test_a_few_samples_are_too_few_to_say() -> None:
    chance = random.Random(3)
    found = beside_sham("sham", {"p": tally(chance, 5, bad=0.0)}, {"p": tally(chance, 5, bad=0.0)})
    assert found.verdict == "too-few-samples"
    assert "too few samples to say" in found.text


def test_where_nothing_was_asked_there_is_no_effect() -> None:
    assert effects(Tally(), Tally()) == []
