"""What is promised is compared with what was seen, as it is written."""

import pytest

from aichaos.domain.experiment import HTTPProbe, Probe
from aichaos.domain.limits import comparison, status_fits
from aichaos.domain.promises import promises
from aichaos.domain.sample import Judged, Outcome, Sample, Verdict, together
from aichaos.errors import UsageError
from aichaos.measure.objectives import looked


def probe(tolerance: dict[str, str]) -> Probe:
    return Probe(name="p", http=HTTPProbe(url="http://shop.example.com/"), tolerance=tolerance)


def judged(tolerance: dict[str, str], samples: list[Sample]) -> Judged:
    return looked(probe(tolerance), samples)


def samples(*outcomes: Outcome, seconds: float = 0.01) -> list[Sample]:
    return [Sample(probe="p", at=float(number), outcome=one, seconds=seconds) for number, one in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("written", "value", "holds"),
    [
        (">= 99%", 0.99, True),
        (">= 99%", 0.98, False),
        ("<= 300ms", 0.3, True),
        ("<=300ms", 0.301, False),
        ("< 0.01", 0.009, True),
        ("== 3", 3, True),
        ("!= 0", 0, False),
        ("> 1e3", 1001, True),
    ],
)
def test_a_limit_holds_as_it_reads(written: str, value: float, holds: bool) -> None:
    assert comparison(written).holds(value) is holds


@pytest.mark.parametrize("written", ["99%", "", ">=", ">= many", ">= nan", "< inf", "<= 1 2", "=> 3"])
def test_what_is_no_limit_is_refused(written: str) -> None:
    with pytest.raises(UsageError):
        comparison(written)


def test_a_tolerance_is_about_something_that_is_measured() -> None:
    with pytest.raises(UsageError, match="can't be about"):
        promises(probe({"speed": "> 1"}))


def test_without_a_tolerance_every_answer_has_to_be_good() -> None:
    assert judged({}, samples("good", "good")).verdict == "pass"
    assert judged({}, samples("good", "bad")).verdict == "fail"


def test_a_share_of_bad_answers_is_tolerated_where_it_says_so() -> None:
    seen = [*samples("good") * 99, *samples("bad")]
    assert judged({"success": ">= 99%"}, seen).verdict == "pass"
    assert judged({"success": "> 99%"}, seen).verdict == "fail"


def test_slow_answers_break_a_limit_of_time() -> None:
    found = judged({"p95": "<= 300ms"}, samples("good", "good", seconds=0.4))
    assert (found.verdict, found.why) == ("fail", "p50 is 400ms, promised <= 300ms")


def test_one_slow_answer_of_a_few_breaks_no_limit_of_time() -> None:
    """The slowest of three is no p95: a run would not begin for one answer that came late."""
    seen = [*samples("good", "good"), *samples("good", seconds=0.9)]
    assert judged({"p95": "<= 300ms"}, seen).verdict == "pass"
    assert judged({"max": "<= 300ms"}, seen).verdict == "pass"
    assert judged({"p95": "<= 300ms"}, [*seen, *samples("good", "good", seconds=0.9)]).verdict == "fail"


def test_what_could_not_be_told_counts_neither_way() -> None:
    found = judged({}, samples("none", "good", "none"))
    assert (found.verdict, found.none, found.success) == ("pass", 2, 1.0)


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "no-data"], "no-data"),
        (["no-data", "pass"], "no-data"),
        (["no-data"], "no-data"),
        ([], "no-data"),
        (["fail", "no-data"], "fail"),
        (["no-data", "pass", "fail"], "fail"),
    ],
)
def test_all_promises_together_hold_only_where_each_is_known_to_have_held(verdicts: list[Verdict], whole: Verdict) -> None:
    assert together(verdicts) == whole


def test_without_any_answer_that_tells_there_are_no_data() -> None:
    assert judged({}, samples("none", "none")).verdict == "no-data"
    assert judged({}, []).why == "not asked while the experiment lasted"


@pytest.mark.parametrize(
    ("expected", "fitting", "other"),
    [("200", 200, 204), ("2xx", 204, 301), ("200-204", 202, 205), ("200|404", 404, 500), ("< 500", 404, 503)],
)
def test_a_status_fits_what_is_expected(expected: str, fitting: int, other: int) -> None:
    assert status_fits(expected, fitting)
    assert not status_fits(expected, other)


@pytest.mark.parametrize("expected", ["", "ok", "6xx", "20", "2000"])
def test_what_is_no_status_is_refused(expected: str) -> None:
    with pytest.raises(UsageError):
        status_fits(expected, 200)
