"""The time of day of everything that belongs to one run."""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_BEGAN = time.time() - time.clock_gettime(_CLOCK)


def now() -> float:
    """Seconds since 1970, as it was when this process began, counted on by the clock that nobody sets (and that counts sleep): a clock that
    is put right in the middle of a run would tear its steps and its samples apart."""
    return _BEGAN + time.clock_gettime(_CLOCK)
