"""One instant query to a Prometheus that the user named. What is empty, slow or no number is no data: it says nothing of the cluster."""

import json
import math
from urllib.parse import urlencode, urlsplit

from aichaos.domain.experiment import HTTPProbe
from aichaos.errors import UsageError
from aichaos.measure.http import Failure, ask
from aichaos.measure.tolerance import comparison
from aichaos.measure.whom import Address, Whom, looked_up


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


def query(server: str, text: str, expected: str, timeout: float) -> tuple[bool | None, str, float | None]:
    """Whether all series of a query are as expected, why not, and a value: the worst by the expectation's sign, else the first.

    None where it can't be told. Raises UsageError for an expectation that is none.
    """
    limit = comparison(expected)
    url = urlsplit(f"{server}/api/v1/query?{urlencode({'query': text})}")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        whom = Whom(called=server, url=url, authority=url.netloc.rpartition("@")[2], addresses=())
        answer = ask(HTTPProbe(url=url.geturl()), whom, looked_up(Address(url.hostname or "", port))[0], timeout)
    except Failure as failure:
        return None, f"{server}: {failure}", None
    try:
        document = json.loads(answer.body)
    except ValueError:
        return None, f"{server} answered {answer.status} with no JSON: is it a Prometheus?", None
    if not isinstance(document, dict) or document.get("status") != "success":
        said = document.get("error") if isinstance(document, dict) else None
        return None, f"{server} refuses the query: {str(said or answer.status)[:200]}", None
    values = _values(document.get("data"))
    numbers = [value for value in values if not math.isnan(value)]
    if not numbers:
        return None, "the query has no result" if not values else "the query's result is no number (NaN)", None
    broken = [value for value in numbers if not limit.holds(value)]
    if broken:
        return False, f"it is {broken[0]:g}, expected {limit.written}", broken[0]
    return True, "", numbers[0]


def _values(data: object) -> list[float]:
    """The numbers of a scalar or of each series of a vector."""
    if not isinstance(data, dict):
        return []
    result = data.get("result")
    pairs = [result] if data.get("resultType") == "scalar" else [one.get("value") for one in result or [] if isinstance(one, dict)]
    found = []
    for pair in pairs:
        try:
            found.append(float(pair[1]) if isinstance(pair, list) else math.nan)
        except (TypeError, ValueError, IndexError):
            found.append(math.nan)
    return found
