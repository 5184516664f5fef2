"""What a sentence says in numbers, units and names; and that any text at all may be said."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.ask.words import Words, read

LATENCY_AT_SCALE = (
    "look at my cluster's Services. Please give me the corresponding YAMLs and kubectl commands to perform network latency in scenario 2. "
    "Let us inject a latency of 1000ms for 90 seconds targeting 50% of pods. Name of my service account is “litmus-admin”. "
    "Make sure it is relevant to my applied Service resources. All templates and commands should target the service-a-namespace."
)


def said(text: str) -> tuple[int | None, int | None, float | None, int | None, str | None]:
    words = read(text)
    return words.latency, words.duration, words.percent, words.count, words.account


def test_the_talks_prompt_for_latency_is_read_in_full() -> None:
    assert said(LATENCY_AT_SCALE) == (1000, 90, 50.0, None, "litmus-admin")
    assert {"service-a-namespace", "latency", "pods", "pod"} <= read(LATENCY_AT_SCALE).tokens


@pytest.mark.parametrize(
    "text",
    [
        "give me 3 chaos tests scenarios to test the resiliency of my HTTPRoutes configs",
        "give me 3 chaos test scenarios to test the resiliency of my Network",
    ],
)
def test_the_talks_prompts_for_ideas_ask_for_three(text: str) -> None:
    assert said(text) == (None, None, None, 3, None)


def test_the_talks_prompt_for_a_scenario_holds_no_number_that_counts() -> None:
    text = "please give me the corresponding YAMLs and kubectl commands to perform scenario 1. All should target the route-chaos namespace."
    assert said(text) == (None, None, None, None, None)
    assert "route-chaos" in read(text).tokens


@pytest.mark.parametrize(
    ("text", "latency"),
    [
        ("1000ms", 1000),
        ("1000 ms", 1000),
        ("1,000 ms", 1000),
        ("250 milliseconds of delay", 250),
        ("1.4 ms", 1),
        ("12345678901234 ms", None),
        ("1000", None),
        ("1000 msgs", None),
        ("ms 1000", None),
        ("a latency of 1000 for a while", None),
    ],
)
def test_latency(text: str, latency: int | None) -> None:
    assert read(text).latency == latency


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("for 90 seconds", 90),
        ("for 90s", 90),
        ("1.5 minutes", 90),
        ("2 min", 120),
        ("one hour or 1h", 3600),
        ("90", None),
        ("90 services", None),
        ("500ms", None),
        ("0 s", None),
        ("3 hosts", None),
    ],
)
def test_duration(text: str, duration: int | None) -> None:
    assert read(text).duration == duration


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("50%", 50),
        ("50 %", 50),
        ("12.5 percent", 12),
        ("0.5 %", 0.5),
        ("50 per cent", 50),
        ("50", None),
        ("150%", None),
        ("0%", None),
        ("50 pods", None),
    ],
)
def test_percent(text: str, percent: float | None) -> None:
    assert read(text).percent == percent


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("three ideas", 3),
        ("5 network chaos experiments", 5),
        ("Give me Ten scenarios", 10),
        ("scenario 2", None),
        ("3 pods", None),
        ("a test with 3 very long and winding tests", None),
        ("0 tests", None),
    ],
)
def test_count(text: str, count: int | None) -> None:
    assert read(text).count == count


@pytest.mark.parametrize(
    "text",
    [
        'my service account is "litmus-admin".',
        "my service account is “litmus-admin”",
        "my service account is 'litmus-admin'",
        "my service account is ‘litmus-admin’",
        "my service account is „litmus-admin“",
        "my service account is `litmus-admin`",
        "use service account litmus-admin.",
        "the service account named litmus-admin",
        "serviceAccount: litmus-admin",
        "serviceAccountName: litmus-admin",
        "Service Account called litmus-admin, please",
    ],
)
def test_a_service_account_in_any_quotes_or_in_none(text: str) -> None:
    assert read(text).account == "litmus-admin"


@pytest.mark.parametrize(
    "text",
    [
        "what about my service account?",
        "my service accounts are in place",
        "a service account that has no rights",
        "the service account of my app",
        "the name of the service account is",
        "service account needs rights",
        "litmus-admin",
    ],
)
def test_other_words_about_a_service_account_are_no_name(text: str) -> None:
    assert read(text).account is None


def test_what_was_understood_is_said_back() -> None:
    said = ["latency 1000 ms", "duration 90 s", "50 % of the pods", "service account litmus-admin"]
    assert list(read(LATENCY_AT_SCALE).said().values()) == said
    assert Words().said() == {}


def test_a_latency_in_seconds_is_one_where_it_is_called_so() -> None:
    words = read("a latency of 2 s for 90 s")
    assert (words.latency, words.duration) == (2000, 90)
    assert read("for 2 s").latency is None


@pytest.mark.parametrize(
    "text", ["给我三个关于网络延迟 1000ms 持续 90s 的混沌测试，影响 50% 的 pod", "תן לי ניסוי עם השהיה של 1000ms ל-90s על 50% מה-pods"]
)
def test_numbers_with_their_units_are_read_in_any_script(text: str) -> None:
    assert said(text)[:3] == (1000, 90, 50.0)


HUGE = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "a" * HUGE,
        "1" * HUGE,
        "1 " * HUGE,
        "1" + " " * HUGE,
        "9 a " * HUGE,
        "." * HUGE,
        "a-" * HUGE,
        "a" + "." * HUGE,
        "1,000" * HUGE,
        "service account " * HUGE,
        "service account" + " " * HUGE,
        "three " * HUGE,
        "延" * HUGE,
        "\u202e" * HUGE,
        "\x00" * HUGE,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_a_long_text_is_read_in_no_time(text: str) -> None:
    start = time.process_time()
    read(text)
    assert time.process_time() - start < 2


PIECES = st.sampled_from(["service account", "1000", "ms", "%", " ", "is", "“", "'", "three", "tests", "s", ",000", ".", "-", "\n", "٣"])


@given(st.text() | st.text(st.characters(exclude_categories=())) | st.lists(PIECES, max_size=30).map("".join))
def test_any_text_may_be_said(text: str) -> None:
    words = read(text)
    words.text.encode()  # any file and any wire takes it
    assert words.text == text or any("\ud800" <= letter <= "\udfff" for letter in text)
    assert words.percent is None or 0 < words.percent <= 100
    assert words.duration is None or words.duration > 0


@pytest.mark.parametrize(
    "text",
    [
        "the SLO is 300ms p95 and 99% availability",
        "my p99 is 120ms and success stays above 99.9%",
        "packet loss of 30% on feature-store",
        "answers stay below 200 ms for 99 % of requests",
        "-100ms",
    ],
)
def test_what_a_service_promises_is_no_fault_to_make(text: str) -> None:
    assert (read(text).latency, read(text).percent) == (None, None)


def test_a_promise_does_not_hide_the_fault_beside_it() -> None:
    words = read("p95 stays below 300 ms with a latency of 100ms on 20% of the pods")
    assert (words.latency, words.percent) == (100, 20)


@pytest.mark.parametrize("text", ["add 2s latency for one minute", "2 s of latency", "a delay of 2 seconds"])
def test_seconds_that_are_called_a_latency_are_one(text: str) -> None:
    assert read(text).latency == 2000


def test_a_fault_without_a_sensible_bound_is_not_used() -> None:
    assert read("latency 1000ms for 100000h").numbers() == {"latency": 1000}
    assert "duration" in read("for 100000h").said()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("delay of 500ms with jitter 100ms for 5m", (500, 100, 300)),
        ("500 ms latency, 50 ms of jitter", (500, 50, None)),
        ("jitter: 1s", (None, 1000, None)),
        ("no jitter, 20 ms", (20, None, None)),
    ],
)
def test_jitter_is_told_from_latency(text: str, said: tuple[int | None, int | None, int | None]) -> None:
    words = read(text)
    assert (words.latency, words.jitter, words.duration) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10% packet loss on 30% of the pods", (10.0, 30.0)),
        ("lose 5 % of the packets", (5.0, None)),
        ("packet loss of 20%", (20.0, None)),
        ("loss of 200 %", (None, None)),
        ("30% of pods", (None, 30.0)),
    ],
)
def test_loss_of_packets_is_told_from_the_share_of_pods(text: str, said: tuple[float | None, float | None]) -> None:
    words = read(text)
    assert (words.loss, words.percent) == said


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("1.4 ms of latency", "latency", "latency 1 ms (1.4 ms was rounded: engines take whole numbers)"),
        ("for 10.5 seconds", "duration", "duration 10 s (10.5 s was rounded: engines take whole numbers)"),
        ("12.5% of the pods", "percent", "12 % of the pods (12.5 % was rounded: engines take whole numbers)"),
        ("1.0 ms of latency", "latency", "latency 1 ms"),
        ("a third of the pods", "percent", "33 % of the pods"),
    ],
)
def test_what_was_rounded_is_said(text: str, name: str, said: str) -> None:
    assert read(text).said()[name] == said


@pytest.mark.parametrize("text", ["1/3 of the pods", "half of all the pods", "two out of 4 pods", "a quarter of my pods"])
def test_a_share_that_was_used_is_not_said_to_be_unused(text: str) -> None:
    words = read(text)
    assert words.percent
    assert not words.unused


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("latencia durante noventa segundos", "noventa segundos"),
        ("retardo de mil milisegundos", "mil milisegundos"),
        ("für neunzig Sekunden", "neunzig Sekunden"),
        ("pendant quatre-vingt-dix secondes", "quatre-vingt-dix secondes"),
        ("持续九十秒", "九十秒"),
        ("auf der Hälfte der Pods", "Hälfte"),
        ("一半的pod", "一半"),
    ],
)
def test_a_number_in_words_of_another_language_is_said_to_be_unread(text: str, unread: str) -> None:
    assert read(text).unused == (f"{unread} (write the number in digits)",)


def test_halves_of_characters_are_joined_or_replaced() -> None:
    assert read("latency \udcff for \ud83d\ude00").text == "latency \ufffd for \U0001f600"
