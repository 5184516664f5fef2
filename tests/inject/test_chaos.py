"""What is decided, how often, until when; and that nothing is where nothing was asked for."""

import asyncio
import contextlib
import copy
import timeit
from collections import Counter
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.inject import Chaos, ChaosModelWrapper, InjectedFailure, InjectedTimeout, chaotic
from aichaos.inject.chaos import Dice
from aichaos.inject.lever import Lever, lever_of


class Model:
    version = "7"

    def predict(self, features: list[float]) -> list[float]:
        return [2 * feature for feature in features]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def answers(chaos: Chaos, calls: int, **dice: Any) -> Counter[str]:
    model = ChaosModelWrapper(Model(), chaos, dice=Dice(chaos=chaos, **dice))
    seen: Counter[str] = Counter()
    for _ in range(calls):
        try:
            seen["right" if model.predict([1.0]) == [2.0] else "wrong"] += 1
        except InjectedFailure:
            seen["exception"] += 1
        except InjectedTimeout:
            seen["timeout"] += 1
    return seen


def test_the_labs_shares_come_out_in_the_calls() -> None:
    counted: Counter[str] = Counter()
    chaos = Chaos(exceptions=0.05, timeouts=0.02, wrong=0.01, timeout_seconds=0, seed=3, counted=lambda fault: counted.update([fault]))
    seen = answers(chaos, 20_000)
    for name, share in {"exception": 0.05, "timeout": 0.02, "wrong": 0.01}.items():
        spread = 4 * (share * (1 - share) / 20_000) ** 0.5  # four standard deviations of a count of independent calls
        assert abs(seen[name] / 20_000 - share) < spread
        assert counted[name] == seen[name]


def test_a_seed_decides_every_call() -> None:
    def sequence(seed: int) -> list[str | None]:
        dice = Dice(chaos=Chaos(exceptions=0.3, wrong=0.3, seed=seed))
        return [dice.roll()[0] for _ in range(200)]

    assert sequence(5) == sequence(5)
    assert sequence(5) != sequence(6)


def test_it_ends_by_itself() -> None:
    clock = Clock()
    chaos = Chaos(exceptions=1.0, duration=60)
    dice = Dice(chaos=chaos, clock=clock)
    assert dice.roll()[0] == "exception"
    clock.now += 59.9
    assert dice.roll()[0] == "exception"
    clock.now += 0.1
    assert dice.roll() == (None, 0.0)


def test_off_is_the_bare_thing() -> None:
    model = Model()
    assert chaotic(model.predict, Chaos(enabled=False, exceptions=1)) == model.predict
    wrapped = ChaosModelWrapper(model)
    assert wrapped.predict == model.predict
    assert wrapped.version == "7"


def test_off_costs_less_than_a_hundred_nanoseconds_a_call() -> None:
    """The quickest of many short trials, by turns: what else the machine does meanwhile makes trials longer, never shorter."""
    model = Model()
    wrapped = ChaosModelWrapper(model, Chaos(enabled=False))
    calls, quickest = 2_000, {"bare": 1.0, "off": 1.0}
    for _ in range(100):
        for name, one in (("bare", model), ("off", wrapped)):
            quickest[name] = min(quickest[name], timeit.timeit(lambda one=one: one.predict([]), number=calls) / calls)  # type: ignore[misc]
    assert quickest["off"] - quickest["bare"] < 100e-9


def test_what_is_not_asked_for_is_off() -> None:
    assert not Chaos.from_environment({}).active
    assert not Chaos.from_environment({"CHAOS_FAILURE_RATE": "0.05"}).active
    assert not Chaos.from_environment({"CHAOS_ENABLED": "true"}).active


def test_the_labs_variables_are_read() -> None:
    chaos = Chaos.from_environment({"CHAOS_ENABLED": "true", "CHAOS_FAILURE_RATE": "0.05", "CHAOS_SEED": "1", "CHAOS_LATENCY_RATE": ""})
    assert chaos.active
    assert (chaos.exceptions, chaos.seed, chaos.latency) == (0.05, 1, 0.0)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"CHAOS_ENABLED": "maybe"}, "CHAOS_ENABLED='maybe': write true or false"),
        ({"CHAOS_FAILURE_RATE": "5%"}, "CHAOS_FAILURE_RATE='5%'"),
        ({"CHAOS_FAILURE_RATE": "5"}, "it is a share of the calls, from 0 to 1"),
        ({"CHAOS_FAILURE_RATE": "nan"}, "it is a share of the calls, from 0 to 1"),
        ({"CHAOS_FAILURE_RATE": "0.7", "CHAOS_WRONG_RATE": "0.7"}, "1.4 together"),
        ({"CHAOS_TIMEOUT_SECONDS": "-1"}, "a number of seconds that ends"),
        ({"CHAOS_DURATION_SECONDS": "inf"}, "a number of seconds that ends"),
        ({"CHAOS_JITTER_SECONDS": "9"}, "jitter_seconds is more than latency_seconds"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_said(variables: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        Chaos.from_environment(variables)


def test_a_coroutine_stays_one() -> None:
    async def predict(feature: int) -> int:
        await asyncio.sleep(0)
        return feature

    failing = chaotic(predict, Chaos(exceptions=1.0))
    hanging = chaotic(predict, Chaos(timeouts=1.0, timeout_seconds=0.001))
    with pytest.raises(InjectedFailure):
        asyncio.run(failing(1))
    with pytest.raises(InjectedTimeout):
        asyncio.run(hanging(1))
    assert asyncio.run(chaotic(predict, Chaos(wrong=1.0))(3)) == -3


def test_what_yields_goes_on_yielding() -> None:
    def tokens(count: int) -> Generator[int, None, str]:
        yield from range(1, count + 1)
        return "end"

    def all_of(stream: Iterator[int]) -> tuple[list[int], object]:
        seen = []
        while True:
            try:
                seen.append(next(stream))
            except StopIteration as end:
                return seen, end.value

    quiet, wrong = Chaos(latency=1.0, latency_seconds=0.0), Chaos(wrong=1.0)
    assert chaotic(tokens, Chaos(enabled=False)) is tokens
    assert all_of(chaotic(tokens, quiet)(3)) == ([1, 2, 3], "end")
    assert all_of(chaotic(tokens, wrong)(3))[0] == [-1, -2, -3]
    failing = chaotic(tokens, Chaos(exceptions=1.0))(3)
    with pytest.raises(InjectedFailure):
        next(failing)


def test_an_asynchronous_stream_stays_one_and_waits_without_blocking_the_loop() -> None:
    closed = []

    class Model:
        async def stream(self, count: int) -> AsyncIterator[int]:
            try:
                for number in range(1, count + 1):
                    yield number
            finally:
                closed.append(count)

    async def read(chaos: Chaos, most: int = 9) -> list[int]:
        seen = []
        async with contextlib.aclosing(ChaosModelWrapper(Model(), chaos, method="stream").stream(3)) as values:
            async for value in values:
                seen.append(value)
                if len(seen) == most:
                    break
        return seen

    async def beside() -> list[str]:
        order: list[str] = []

        async def slow() -> None:
            await read(Chaos(latency=1.0, latency_seconds=0.05))
            order.append("slow")

        async def quick() -> None:
            order.append("quick")

        await asyncio.gather(slow(), quick())
        return order

    assert asyncio.run(read(Chaos(wrong=1.0))) == [-1, -2, -3]
    assert asyncio.run(read(Chaos(latency=1.0, latency_seconds=0.0), most=1)) == [1]
    assert closed == [3, 3], "closed as soon as nobody reads on"
    with pytest.raises(InjectedTimeout):
        asyncio.run(read(Chaos(timeouts=1.0, timeout_seconds=0.001)))
    assert asyncio.run(beside()) == ["quick", "slow"]


def test_latency_waits_as_long_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    slow = chaotic(lambda: 1, Chaos(latency=1.0, latency_seconds=0.5, jitter_seconds=0.1, seed=1))
    assert [slow() for _ in range(100)] == [1] * 100
    assert 0.4 <= min(waited) < 0.45
    assert 0.55 < max(waited) <= 0.6


def test_a_wrapper_can_be_copied() -> None:
    assert copy.copy(ChaosModelWrapper(Model())).predict([1.0]) == [2.0]


def test_what_has_no_such_method_is_refused() -> None:
    with pytest.raises(TypeError, match="has no method 'predict'"):
        ChaosModelWrapper(object())


# the lever ----------------------------------------------------------------------------------------------------------------------


def test_the_lever_stops_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_text("released\n")
    lever = lever_of(str(state))
    dice = Dice(chaos=Chaos(exceptions=1.0), lever=lever)
    assert dice.roll()[0] == "exception"
    state.write_text("pulled\n")
    lever.look()
    assert dice.roll()[0] is None


def test_an_unreadable_lever_is_pulled(tmp_path: Path) -> None:
    assert lever_of(str(tmp_path / "none")).pulled()


def test_a_look_never_holds_a_call_up() -> None:
    clock = Clock()
    looks: list[bool] = []

    def released() -> bool:
        looks.append(True)
        return True

    lever = Lever(released, clock=clock)
    for _ in range(1000):
        lever.pulled()
    assert len(looks) == 1  # a second has not gone by


@pytest.mark.parametrize("text", ["", "lever", "a/b/c", "ns/", "../x", "ns/na me"])
def test_a_lever_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither NS/NAME"):
        lever_of(text)


# wrong answers ------------------------------------------------------------------------------------------------------------------

plain = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.none(),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.text(max_size=3), inner, min_size=1, max_size=3),
    max_leaves=8,
)


@given(plain)
def test_a_wrong_answer_is_another_answer(answer: object) -> None:
    assert repr(chaotic(lambda: answer, Chaos(wrong=1.0))()) != repr(answer)


def test_what_nobody_can_spoil_is_said() -> None:
    with pytest.raises(TypeError, match="spoil="):
        chaotic(object, Chaos(wrong=1.0))()
