"""What is injected, how often, until when: the settings, and the source of decisions that they make."""

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aichaos.inject.counters import Count, counters
from aichaos.inject.lever import Lever, lever_of

Fault = Literal["exception", "timeout", "wrong", "latency"]


class InjectedFailure(RuntimeError):
    """Raised in place of an answer. It is chaos, not a defect: do not page anybody for it."""


class InjectedTimeout(TimeoutError):
    """Raised after `timeout_seconds` in place of an answer."""


@dataclass(frozen=True, kw_only=True)
class Chaos:
    """What happens to calls. exceptions, timeouts, wrong, latency: shares of the calls, 0..1, at most 1 together; one call gets one fault.

    timeout_seconds: how long a call hangs before `InjectedTimeout`. latency_seconds ± jitter_seconds (even): what a slow call waits first.
    duration: seconds from the making of the wrapper after which nothing is injected any more; there is always an end.
    seed: the same seed makes the same decisions for the same sequence of calls. lever: what stops it from outside, see `lever.py`.
    Raises ValueError for a number that can't be meant.
    """

    enabled: bool = True
    exceptions: float = 0.0
    timeouts: float = 0.0
    wrong: float = 0.0
    latency: float = 0.0
    timeout_seconds: float = 30.0
    latency_seconds: float = 0.5
    jitter_seconds: float = 0.0
    duration: float = 900.0
    seed: int | None = None
    lever: str | None = None
    counted: Count | None = None
    """Called with the fault of each call that got one; None: prometheus_client and OpenTelemetry count, where they are installed."""

    def __post_init__(self) -> None:
        shares = {"exceptions": self.exceptions, "timeouts": self.timeouts, "wrong": self.wrong, "latency": self.latency}
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is {share}; it is a share of the calls, from 0 to 1")
        if sum(shares.values()) > 1 + 1e-9:
            together = f"{sum(shares.values()):g}"
            raise ValueError(f"exceptions, timeouts, wrong and latency are {together} together; a call gets one fault, so at most 1")
        for name in ("timeout_seconds", "latency_seconds", "jitter_seconds", "duration"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} is {getattr(self, name)}; it is a number of seconds that ends")
        if self.jitter_seconds > self.latency_seconds:
            raise ValueError("jitter_seconds is more than latency_seconds: a call can't wait less than nothing")

    @property
    def active(self) -> bool:
        """Whether anything can ever be injected; if not, what is wrapped stays bare."""
        return self.enabled and self.duration > 0 and (self.exceptions or self.timeouts or self.wrong or self.latency) > 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Chaos":
        """As the variables say; nothing is injected unless CHAOS_ENABLED is true.

        Shares: CHAOS_FAILURE_RATE, CHAOS_TIMEOUT_RATE, CHAOS_WRONG_RATE, CHAOS_LATENCY_RATE. Then CHAOS_TIMEOUT_SECONDS,
        CHAOS_LATENCY_SECONDS, CHAOS_JITTER_SECONDS, CHAOS_DURATION_SECONDS, CHAOS_SEED, CHAOS_LEVER. Raises ValueError, naming the
        variable.
        """
        given: dict[str, Any] = {}
        for variable, (name, read) in _VARIABLES.items():
            text = environment.get(variable, "").strip()
            if text:
                try:
                    given[name] = read(text)
                except ValueError as error:
                    raise ValueError(f"{variable}={text!r}: {error}") from None
        return cls(**({"enabled": False} | given))


def _truth(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("write true or false")


_VARIABLES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "CHAOS_ENABLED": ("enabled", _truth),
    "CHAOS_FAILURE_RATE": ("exceptions", float),
    "CHAOS_TIMEOUT_RATE": ("timeouts", float),
    "CHAOS_WRONG_RATE": ("wrong", float),
    "CHAOS_LATENCY_RATE": ("latency", float),
    "CHAOS_TIMEOUT_SECONDS": ("timeout_seconds", float),
    "CHAOS_LATENCY_SECONDS": ("latency_seconds", float),
    "CHAOS_JITTER_SECONDS": ("jitter_seconds", float),
    "CHAOS_DURATION_SECONDS": ("duration", float),
    "CHAOS_SEED": ("seed", int),
    "CHAOS_LEVER": ("lever", str),
}


@dataclass(kw_only=True)
class Dice:
    """Decides call by call. Shared by threads: the sequence of decisions is the seed's, whoever asks first."""

    chaos: Chaos
    clock: Callable[[], float] = time.monotonic
    lever: Lever | None = None
    _random: random.Random = field(init=False)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    _end: float = field(init=False)
    _counted: Count = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.chaos.seed)
        self._end = self.clock() + self.chaos.duration
        self._counted = self.chaos.counted or counters()
        if self.lever is None and self.chaos.lever is not None:
            self.lever = lever_of(self.chaos.lever)

    def roll(self) -> tuple[Fault | None, float]:
        """The fault of the next call, and how many seconds it waits."""
        if self.clock() >= self._end or (self.lever is not None and self.lever.pulled()):
            return None, 0.0
        chaos = self.chaos
        with self._lock:
            drawn, jitter = self._random.random(), self._random.uniform(-1, 1)
        fault: Fault
        if drawn < (edge := chaos.exceptions):
            fault, seconds = "exception", 0.0
        elif drawn < (edge := edge + chaos.timeouts):
            fault, seconds = "timeout", chaos.timeout_seconds
        elif drawn < (edge := edge + chaos.wrong):
            fault, seconds = "wrong", 0.0
        elif drawn < edge + chaos.latency:
            fault, seconds = "latency", chaos.latency_seconds + jitter * chaos.jitter_seconds
        else:
            return None, 0.0
        self._counted(fault)
        return fault, seconds
