"""What `aichaos.inject` costs a call, off and on, beside the bare call: `python -m benchmarks.injecting`."""

import statistics
import time
from types import SimpleNamespace
from typing import Any

from aichaos.inject import Chaos, ChaosModelWrapper, chaotic

CALLS = 200_000
ROUNDS = 15
GOAL = 100.0
"""Nanoseconds that a call may cost more where chaos is off."""


class Model:
    """The cheapest thing that has `predict`."""

    def predict(self, rows: Any) -> Any:
        return rows


def measure() -> dict[str, float]:
    """Nanoseconds a call, medians of rounds in which all take their turn."""
    model = Model()
    off, rare = Chaos(enabled=False), Chaos(exceptions=1e-12, duration=3600.0)
    ways: dict[str, Any] = {
        "model.predict(…), bare": model,
        "ChaosModelWrapper, off": ChaosModelWrapper(model, off),
        "ChaosModelWrapper, off by the environment": ChaosModelWrapper(model, Chaos.from_environment({})),
        "chaotic(function), off": SimpleNamespace(predict=chaotic(model.predict, off)),
        "ChaosModelWrapper, on, no fault drawn": ChaosModelWrapper(model, rare),
    }
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, one in ways.items():
            rounds[name].append(_nanoseconds(one))
    return {name: statistics.median(times) for name, times in rounds.items()}


def _nanoseconds(model: Any) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        model.predict(None)
    return (time.perf_counter() - began) / CALLS * 1e9


def table(measured: dict[str, float]) -> list[str]:
    bare = measured["model.predict(…), bare"]
    rows = [f"| {name} | {spent:.0f} | {spent - bare:+.0f} |" for name, spent in measured.items()]
    return ["| What is called | ns a call | Against the bare call |", "|---|--:|--:|", *rows]


if __name__ == "__main__":
    print("\n".join(table(measure())))
