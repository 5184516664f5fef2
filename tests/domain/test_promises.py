"""Promises as measures with limits and as sentences are one typed form; what is none is refused with what is allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from aichaos.domain.experiment import HTTPProbe, Probe, PrometheusProbe
from aichaos.domain.promises import FORMS, askable, before, promises, sentence
from aichaos.errors import UsageError


def probe(tolerance: dict[str, str] | None = None, slo: list[str] | None = None) -> Probe:
    return Probe(name="p", http=HTTPProbe(url="http://shop.example.com/"), tolerance=tolerance or {}, slo=slo or [])


@pytest.mark.parametrize(
    ("text", "measure", "sign", "limit"),
    [
        ("99 % of requests succeed", "success", ">=", 0.99),
        ("at least 99.9% of all the requests are answered with 200 and good", "success", ">=", 0.999),
        ("99.5 percent of requests to /v2/cart succeed", "success", ">=", 0.995),
        ("more than 99% of requests succeed", "success", ">", 0.99),
        ("no more than 1% of requests fail", "success", ">=", 0.99),
        ("availability >= 99.9%", "success", ">=", 0.999),
        ("error rate <= 1%", "success", ">=", 0.99),
        ("error rate below 0.5 %", "success", ">", 0.995),
        ("less than 1% of requests fail", "success", ">", 0.99),
        ("p95 ≤ 300 ms", "p95", "<=", 0.3),
        ("p99 latency under 1.5s", "p99", "<", 1.5),
        ("Median below 100 milliseconds.", "p50", "<", 0.1),
        ("max 2 s", "max", "<=", 2.0),
        ("recreated within 60 s", "recovery", "<=", 60.0),
        ("the pod is back within 2 minutes", "recovery", "<=", 120.0),
        ("circuit breaker opens within 30 s", "reached", "<=", 30.0),
        ("the alert fires within 1m", "reached", "<=", 60.0),
        # as the labs and people say it
        ("Service maintains >99% availability", "success", ">", 0.99),
        ("We maintain 99.9% availability", "success", ">=", 0.999),
        ("availability stays above 99 %", "success", ">", 0.99),
        ("success rate of at least 99,5 %", "success", ">=", 0.995),
        ("99% success rate", "success", ">=", 0.99),
        ("fewer than 1% of requests fail", "success", ">", 0.99),
        ("not more than 1% errors", "success", ">=", 0.99),
        ("the error rate stays under 2 percent", "success", ">", 0.98),
        ("all requests succeed", "success", ">=", 1.0),
        ("no errors", "success", ">=", 1.0),
        ("P95 latency stays <300ms", "p95", "<", 0.3),
        ("the 95th percentile is below 300 ms", "p95", "<", 0.3),
        ("p99 response time ≤ 1.5 seconds", "p99", "<=", 1.5),
        ("p95 prediction latency at most 2 s", "p95", "<=", 2.0),
        ("Pods recreate automatically within a minute", "recovery", "<=", 60.0),
        ("recovers in under 1m30s", "recovery", "<=", 90.0),
        ("recovery time ≤ 60 s", "recovery", "<=", 60.0),
        ("time to recover below 1 min", "recovery", "<=", 60.0),
        ("Trigger circuit breaker after 5 seconds", "reached", "<=", 5.0),
        ("the circuit breaker trips in less than 500 milliseconds", "reached", "<=", 0.5),
        ("the gateway fails over within 10 secs", "reached", "<=", 10.0),
    ],
)
def test_a_sentence_is_what_it_reads(text: str, measure: str, sign: str, limit: float) -> None:
    found = sentence(text)
    assert (found.measure, found.limit.sign, found.text) == (measure, sign, text.strip())
    assert found.limit.limit == pytest.approx(limit)


@pytest.mark.parametrize("text", FORMS)
def test_the_forms_that_an_error_names_are_taken(text: str) -> None:
    sentence(text)


@pytest.mark.parametrize(
    "text", ["", "fast", "150% of requests succeed", "p95 at least 300ms", "rm -rf /", "99% of pods", "within 60s", "p95 <= 300"]
)
def test_what_can_not_be_measured_is_refused_with_what_can(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        sentence(text)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("circuit breaker opens within 30", "Say the unit"),
        ("recovers in 60", "Say the unit"),
        ("p95 <= 300", "with a unit"),
        ("p99.9 <= 1s", "There are p50"),
        ("average latency <= 100ms", "p50 is the median"),
        ("recreated within -60s", "not negative"),
        ("increase p95 latency by 200ms", "limit of its own"),
        ("0% of requests succeed", "how many have to succeed"),
        ("circuit breaker opens within 0 s", "more than nothing"),
    ],
)
def test_a_sentence_that_nearly_fits_is_refused_with_what_it_lacks(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        sentence(text)
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("measure", "limit", "hint"),
    [
        ("p95", "<= 300", "Say the unit"),
        ("p95", "300", "Say the unit"),
        ("p95", "99%", "Say the unit"),
        ("recovery", "60", "Say the unit"),
        ("success", "300ms", "as a share"),
        ("success", ">= 99", "write 99%"),
        ("success", "<= 50%", "at least how many"),
        ("success", "== 99%", "at least how many"),
        ("success", ">= 0%", "how many have to succeed"),
        ("success", "> 100%", "Write >= 100%"),
        ("p95", ">= 300ms", "at most"),
        ("p50", "== 5ms", "at most"),
        ("max", "<= 0s", "more than nothing"),
    ],
)
def test_a_limit_that_would_decide_a_run_by_itself_is_refused(measure: str, limit: str, hint: str) -> None:
    """`p95 <= 300` would be five minutes, `success >= 99` could never be kept: both pass for what their writer meant."""
    with pytest.raises(UsageError) as refused:
        promises(probe({measure: limit}))
    assert hint in refused.value.hint


def test_signs_and_units_are_taken_as_people_write_them() -> None:
    share, time, all_of_them = promises(probe({"success": "≥ 99 %", "p95": "≤ 300 ms", "availability": "== 100%"}))
    assert (share.limit.sign, share.limit.limit) == (">=", 0.99)
    assert (time.limit.sign, time.limit.limit) == ("<=", 0.3)
    assert all_of_them.limit.limit == 1.0


def test_only_http_answers_are_timed() -> None:
    query = Probe(name="p", prometheus=PrometheusProbe(query="up", expect="== 1"), tolerance={"p95": "<= 300ms"})
    with pytest.raises(UsageError, match="how long answers take"):
        askable(query)
    assert [one.measure for one in askable(structs.replace(query, tolerance={"recovery": "60s"}))] == ["recovery"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("99% of requests succeed within 300 ms", "two things"),
        ("99% of requests succeed and p95 <= 300ms", "two things"),
        ("95 % of requests are answered in 0.3s", "two things"),
        ("99% of requests succeed after 30s", "two things"),
        ("the breaker opens within 30 s and recovers within 60 s", "two things"),
        ("99% of requests do not succeed", "is not so"),
        ("99% of requests never succeed", "is not so"),
        ("the pod isn't recreated within 60 s", "is not so"),
        ("less than 1% of requests succeed", "a failure"),
        ("at most 5 % of requests succeed", "a failure"),
        ("availability < 99%", "a failure"),
        ("at least 1% of requests fail", "a failure"),
        ("error rate > 1%", "a failure"),
        ("p95 > 300 ms", "slowness"),
    ],
)
def test_a_sentence_that_would_be_read_as_another_is_refused(text: str, why: str) -> None:
    """Half of a sentence, or its opposite, is worse than none: the run would pass."""
    with pytest.raises(UsageError, match=why) as refused:
        sentence(text)
    assert refused.value.hint


@given(st.text(max_size=300))
def test_any_text_is_a_promise_or_is_refused(text: str) -> None:
    try:
        found = sentence(text)
    except UsageError:
        return
    assert found.measure in ("success", "p50", "p90", "p95", "p99", "max", "recovery", "reached")


def test_without_a_promise_of_shares_or_times_every_answer_has_to_be_good() -> None:
    assert [one.measure for one in promises(probe())] == ["success"]
    assert [one.measure for one in promises(probe({"p95": "<= 1s"}))] == ["success", "p95"]
    assert [one.measure for one in promises(probe({"recovery": "<= 60s"}))] == ["recovery"]
    assert [one.measure for one in promises(probe(slo=["95% of requests succeed", "p99 <= 1s"]))] == ["success", "p99"]


def test_a_bare_value_is_at_least_a_share_and_at_most_a_time() -> None:
    share, time = promises(probe({"success": "99%", "p95": "300ms"}))
    assert [share.limit.written, time.limit.written] == [">= 99%", "<= 300ms"]


def test_a_measure_goes_by_its_other_names() -> None:
    assert [one.measure for one in promises(probe({"availability": "99%", "latency": "< 2s", "median": "1s"}))] == ["success", "max", "p50"]


def test_before_a_run_times_to_a_condition_are_not_asked_for() -> None:
    assert [one.measure for one in before(probe({"recovery": "<= 60s"}))] == ["success"]
    assert before(probe(slo=["circuit breaker opens within 30s"])) == []


def test_a_tolerance_names_what_there_is() -> None:
    with pytest.raises(UsageError, match="speed") as refused:
        promises(probe({"speed": "> 1"}))
    assert "recovery" in refused.value.hint
