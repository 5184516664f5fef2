"""Counters of what was injected, for those systems of metrics that the service has anyway."""

from collections.abc import Callable
from functools import cache

Count = Callable[[str], None]
NAME = "aichaos_injected_faults"
_TOLD = "Faults that aichaos injected into calls"


@cache
def counters() -> Count:
    """Counts a fault wherever it can: prometheus_client (`aichaos_injected_faults_total{fault}`), OpenTelemetry (the same name).

    Neither is required: what is not installed is not counted in. One counter for the whole process, since both refuse a second of a name.
    """
    sinks = [sink for sink in (_prometheus(), _opentelemetry()) if sink is not None]

    def count(fault: str) -> None:
        for sink in sinks:
            sink(fault)

    return count


def _prometheus() -> Count | None:
    try:
        from prometheus_client import Counter
    except ImportError:
        return None
    counter = Counter(NAME, _TOLD, ["fault"])
    return lambda fault: counter.labels(fault=fault).inc()


def _opentelemetry() -> Count | None:
    try:
        from opentelemetry.metrics import get_meter
    except ImportError:
        return None
    counter = get_meter("aichaos.inject").create_counter(NAME, description=_TOLD)
    return lambda fault: counter.add(1, {"fault": fault})
