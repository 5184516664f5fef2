"""Queries to a Prometheus that the user named: now, and over a stretch of time. What is empty, slow or no number is no data: it says
nothing of the cluster.

Its clock need not be ours: times are asked for and told by its own, and put right by the difference.
"""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec

from aichaos.domain import clock
from aichaos.domain.about import Firing
from aichaos.domain.experiment import HTTPProbe, Metric, PrometheusProbe, seconds
from aichaos.domain.limits import Comparison, comparison
from aichaos.domain.results import Metered, Window
from aichaos.errors import UsageError
from aichaos.measure.http import Failure, ask
from aichaos.measure.whom import Address, Whom, looked_up

PATIENCE = 5.0
"""Seconds that Prometheus may take for an answer: what it counts takes longer than an answer of what it watches."""
LARGEST = 8 << 20
"""Bytes of an answer."""
SKEW = 1.0
"""Seconds by which the clocks may differ before it is worth a word."""
_POINTS = 240
"""Of a range: Prometheus itself takes up to 11,000."""
_FIRING = 'ALERTS{alertstate="firing"}'


class Unanswered(Exception):
    """No data, and why. slow: it had not answered by the end of the time for it."""

    def __init__(self, why: str, *, slow: bool = False) -> None:
        super().__init__(why)
        self.slow = slow


class Series(msgspec.Struct, frozen=True):
    """labels, and (seconds since 1970 by Prometheus' clock, value) in order; values that are no number are left out."""

    labels: dict[str, str]
    points: list[tuple[float, float]]


class Held(NamedTuple):
    """Whether what was asked is as expected; None where it can't be told. why: not. value: the one that breaks it, else the last. slow: no
    answer had come by the end of the time for it."""

    holds: bool | None
    why: str = ""
    value: float | None = None
    slow: bool = False


def checked(server: str) -> str:
    """The address of a Prometheus, without a slash at its end. Raises UsageError."""
    try:
        url = urlsplit(server)
        good = url.scheme in ("http", "https") and bool(url.hostname) and (url.port or 80) > 0
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"{server[:100]!r} is no address of a Prometheus", hint="Write it as http://prometheus.example.com:9090.")
    return server.rstrip("/")


def holds(server: str, probe: PrometheusProbe, timeout: float) -> Held:
    """Whether all series of a query are as expected, now or throughout `over`. Raises UsageError for an expectation that is none."""
    limit = comparison(probe.expect)
    try:
        if probe.over is None:
            found = instant(server, probe.query, timeout)
        else:
            length = seconds(probe.over) or 0.0
            now = clock.now() + skew(server, timeout)
            found = between(server, probe.query, now - length, now, timeout)
    except Unanswered as why:
        return Held(None, str(why), slow=why.slow)
    return _judged(found, limit)


def _judged(found: Sequence[Series], limit: Comparison) -> Held:
    values = [value for series in found for _, value in series.points]
    if not values:
        return Held(None, "the query has no result" if not found else "the query's result is no number (NaN)")
    broken = [value for value in values if not limit.holds(value)]
    if broken:
        return Held(False, f"it is {broken[0]:g}, expected {limit.written}", broken[0])
    return Held(True, value=values[-1])


def instant(server: str, query: str, timeout: float) -> list[Series]:
    """The value of each series now. Raises Unanswered."""
    return list(_series(_asked(server, "query", {"query": query}, timeout)))


def between(server: str, query: str, start: float, end: float, timeout: float) -> list[Series]:
    """The values of each series from `start` to `end`, by Prometheus' clock. Raises Unanswered."""
    step = max(1.0, math.ceil((end - start) / _POINTS))
    return list(
        _series(_asked(server, "query_range", {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}, timeout))
    )


def skew(server: str, timeout: float) -> float:
    """Seconds by which Prometheus' clock is before ours. Raises Unanswered."""
    asked = clock.now()
    found = instant(server, "time()", timeout)
    answered = clock.now()
    if not found or not found[0].points:
        raise Unanswered(f"{server} does not tell its time")
    return found[0].points[0][1] - (asked + answered) / 2


def firing(server: str, start: float, end: float, timeout: float) -> tuple[list[Firing], float]:
    """The alerts that were firing from `start` to `end`, by our clock, and by how much Prometheus' clock differs. Raises Unanswered."""
    off = skew(server, timeout)
    found = between(server, _FIRING, start + off, end + off, timeout)
    return [
        Firing(
            name=one.labels.get("alertname", ""),
            labels={key: value for key, value in one.labels.items() if key not in ("__name__", "alertname", "alertstate")},
            first=one.points[0][0] - off,
            last=one.points[-1][0] - off,
        )
        for one in found
        if one.points
    ], off


def metered(server: str, metrics: Sequence[Metric], windows: Sequence[Window], timeout: float) -> list[Metered]:
    """The mean of each metric of an experiment in each window; none is left out, and where nothing came, why."""
    whole = [one for one in windows if one.kind != "step"]
    found = []
    for metric in metrics:
        try:
            off = skew(server, timeout)
            series = between(server, metric.query, whole[0].start + off, whole[-1].end + off, timeout)
            means: dict[str, float] = {
                one.kind: mean for one in whole if (mean := _mean(series, one.start + off, one.end + off)) is not None
            }
            why = "" if means else "the query has no result in the time of the run"
        except Unanswered as error:
            means, why = {}, str(error)
        found.append(Metered(name=metric.name, query=metric.query, means=means, why=why))
    return found


def _mean(series: Sequence[Series], start: float, end: float) -> float | None:
    values = [value for one in series for at, value in one.points if start <= at <= end]
    return sum(values) / len(values) if values else None


def _asked(server: str, what: str, words: dict[str, str], timeout: float) -> Any:
    """What Prometheus answers with. Raises Unanswered."""
    url = urlsplit(f"{server}/api/v1/{what}?{urlencode(words)}")
    port = url.port or (443 if url.scheme == "https" else 80)
    whom = Whom(called=server, url=url, authority=url.netloc.rpartition("@")[2], addresses=())
    try:
        address = looked_up(Address(url.hostname or "", port))[0]
        answer = ask(HTTPProbe(url=url.geturl()), whom, address, timeout, largest=LARGEST)
    except Failure as failure:
        raise Unanswered(f"{server}{' is slow' if failure.slow else ''}: {failure}", slow=failure.slow) from failure
    except UsageError as error:
        raise Unanswered(f"{server}: {error}") from error
    try:
        document = json.loads(answer.body)
    except ValueError:
        raise Unanswered(f"{server} answered {answer.status} with no JSON: is it a Prometheus?") from None
    if not isinstance(document, dict) or document.get("status") != "success":
        said = document.get("error") if isinstance(document, dict) else None
        raise Unanswered(f"{server} refuses the query: {str(said or answer.status)[:200]}")
    return document.get("data")


def _series(data: object) -> Iterator[Series]:
    """Those of a scalar, a vector or a matrix."""
    if not isinstance(data, dict):
        return
    result = data.get("result")
    if data.get("resultType") == "scalar":
        yield Series({}, _points([result]))
        return
    for one in result if isinstance(result, list) else []:
        if isinstance(one, dict):
            labels = one.get("metric")
            pairs = one.get("values") if "values" in one else [one.get("value")]
            yield Series(_labels(labels), _points(pairs))


def _labels(found: object) -> dict[str, str]:
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _points(pairs: object) -> list[tuple[float, float]]:
    found = []
    for pair in pairs if isinstance(pairs, list) else []:
        try:
            at, value = float(pair[0]), float(pair[1])
        except (TypeError, ValueError, IndexError, KeyError):
            continue
        if not math.isnan(value):
            found.append((at, value))
    return found
