"""Numbers as people write them: each is read as what it is, or told, and never as another one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.ask.quantities import normal
from aichaos.ask.words import Words, read
from tests.observe.clusters import PATIENT


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("for 1h30m", "for 5400 s"),
        ("for 1 h 30 min", "for 5400 s"),
        ("for 1 minute 30 seconds", "for 90 s"),
        ("for 1 minute and 30 seconds", "for 90 s"),
        ("a 90-second outage", "a 90 s outage"),
        ("ninety seconds", "90 s"),
        ("one hundred and twenty seconds", "120 s"),
        ("a hundred milliseconds", "100 ms"),
        ("twenty-five percent", "25 %"),
        ("half a minute", "30 s"),
        ("a minute and a half", "90 s"),
        ("one and a half minutes", "90 s"),
        ("1½ minutes", "90 s"),
        ("an hour", "3600 s"),
        ("1,5 min", "90 s"),
        ("1,000 ms", "1000 ms"),
        ("1s500ms", "1500 ms"),
        ("2 minutes and 500 ms", "120 s and 500 ms"),
        ("90s 500ms latency", "90 s 500 ms latency"),
        ("100ms, 90s, 50%", "100 ms, 90 s, 50 %"),
        ("a third of the pods", "33 % of the pods"),
        ("two thirds of my pods", "67 % of the pods"),
        ("a quarter of all pods", "25 % of the pods"),
        ("half the pods", "50 % of the pods"),
        ("1/3 of the pods", "33 % of the pods"),
        ("½ of the pods", "50 % of the pods"),
        ("one in four pods", "25 % of the pods"),
        ("3 out of 4 pods", "75 % of the pods"),
        ("two replicas", "2 replicas"),
        ("５０％", "50 %"),
        ("45 Sekunden", "45 s"),
        ("延迟1000ms持续90秒", "延迟1000 ms持续90 s"),
        ("the third pod", "the third pod"),
        ("scenario 2 and version 1.24.0 on port 8080", "scenario 2 and version 1.24.0 on port 8080"),
        ("infra-backend-2 s", "infra-backend-2 s"),
        ("at 10:30 m", "at 10:30 m"),
    ],
)
def test_one_way_of_writing_for_each(text: str, reads: str) -> None:
    found = normal(text)
    assert (found.text, found.unread) == (reads, ())


@pytest.mark.parametrize(
    "text",
    [
        "-5%",
        "−20 ms",
        "minus 10 percent",
        "1.500 ms",
        "1 500 ms",
        "1e3 ms",
        "10k ms",
        "20-30%",
        "between 20 and 30 percent",
        "from 100ms to 500ms",
        "two or three pods",
        "a few seconds",
        "one two seconds",
        "12345678901234 ms",
        "500 µs",
    ],
)
def test_what_could_be_two_things_or_none_is_told_and_read_as_nothing(text: str) -> None:
    (told,) = normal(f"inject {text} please").unread
    assert told.startswith(text)
    words = read(f"inject {text} please")
    assert words.numbers() == {}
    assert told in words.unused


@pytest.mark.parametrize(
    ("text", "unused"),
    [
        ("hit 120% of the pods", "120% (a share is more than 0 and at most 100 %)"),
        ("hit 0 % of the pods", "0 % (a share is more than 0 and at most 100 %)"),
        ("for 0 s", "0 s"),
        ("for 90s, then 30s", "30s"),
        ("scale to two replicas", "two"),
        ("0.3 ms of latency", "0.3 ms"),
        ("latency of 1000 for a while", "latency 1000 (no unit)"),
        ("p95 below 300 ms", "300 ms"),
        ("a retry every 10 s", "10 s"),
        ("500 ms but not 1000 ms", "1000 ms"),
    ],
)
def test_what_is_read_and_not_taken_is_told_as_it_was_written(text: str, unused: str) -> None:
    assert unused in read(text).unused


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("100ms ± 20ms for a minute", {"latency": 100, "jitter": 20, "duration": 60}),
        ("delay all pods by two seconds for ninety seconds", {"latency": 2000, "duration": 90, "percent": 100}),
        ("against a timeout of 5s for 1m30s", {"duration": 90}),
        ("not 1000 ms but 500 ms", {"latency": 500}),
        ("delete all pods", {}),
        ("lose a tenth of the packets on half of the pods", {"loss": 10, "percent": 50}),
        ("a latency time of 250ms", {"latency": 250}),
    ],
)
def test_what_a_number_is_of(text: str, numbers: dict[str, float]) -> None:
    assert read(text).numbers() == numbers


# numbers × units × spellings ------------------------------------------------------------------------------------------------------------

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety"


def spelled(number: int) -> str:
    """An English numeral, written here by itself."""
    if number < 20:
        return ONES.split()[number]
    if number < 100:
        return TENS.split()[number // 10] + (f"-{spelled(number % 10)}" if number % 10 else "")
    rest = f" and {spelled(number % 100)}" if number % 100 else ""
    return f"{spelled(number // 100)} hundred{rest}"


WRITTEN = {
    "latency": (
        ("{n}ms", 1),
        ("{n} ms", 1),
        ("{n} milliseconds", 1),
        ("{n}-millisecond latency", 1),
        ("a latency of {n} s", 1000),
        ("{n}毫秒", 1),
    ),
    "duration": (
        ("for {n}s", 1),
        ("for {n} seconds", 1),
        ("for {n} minutes", 60),
        ("a {n}-second outage", 1),
        ("lasting {n} min", 60),
        ("{n} 秒", 1),
    ),
    "percent": (("{n}% of the pods", 1), ("{n} percent of pods", 1), ("{n} per cent", 1), ("{n}％", 1), ("{n} Prozent der Pods", 1)),
    "loss": (("{n}% packet loss", 1), ("packet loss of {n} %", 1), ("lose {n} percent of the packets", 1)),
}
WAYS = [(quantity, form, factor) for quantity, forms in WRITTEN.items() for form, factor in forms]
AROUND = st.sampled_from(["{}", "please inject {} now", "({})", "scenario 2: {}.", "{}, and look at my-route-2", "混沌 {}"])


@PATIENT
@given(st.integers(-50, 999), st.sampled_from(WAYS), st.booleans(), AROUND)
def test_any_number_in_any_unit_however_it_is_spelled_is_itself_or_told(
    number: int, way: tuple[str, str, int], in_words: bool, around: str
) -> None:
    quantity, form, factor = way
    digits = spelled(abs(number)) if in_words else f"{abs(number)}"
    sign = "" if number >= 0 else "minus " if in_words else "-"
    spaced = form.replace("{n}", "{n} ") if in_words and "{n}-" not in form else form
    words = read(around.format(spaced.format(n=sign + digits)))
    told = {name: getattr(words, name) for name in WRITTEN if getattr(words, name) is not None}
    most = 100 if quantity in ("percent", "loss") else 10**9
    if 0 < number <= most:
        assert told == {quantity: number * factor}
    else:
        assert told == {}
        assert words.unused


@PATIENT
@given(
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
    st.sampled_from(["{h}h{m}m{s}s", "{h} h {m} min {s} s", "{h} hours, {m} minutes and {s} seconds"]),
)
def test_a_time_in_parts_is_their_sum_or_told(hours: int, minutes: int, seconds: int, form: str) -> None:
    words = read(f"for {form.format(h=hours, m=minutes, s=seconds)}")
    assert words.duration == (3600 * hours + 60 * minutes + seconds or None)
    assert words.duration or words.unused


PIECES = st.sampled_from(
    [
        "1",
        "20",
        "1.500",
        "½",
        " ",
        "-",
        "–",
        "s",
        "ms",
        " %",
        "h",
        "m",
        "a ",
        "half ",
        "third ",
        "of ",
        "the ",
        "pods",
        "one ",
        "hundred ",
        "and ",
        "to ",
        "from ",
        "between ",
    ]
)


@given(st.text(max_size=60) | st.lists(PIECES, max_size=20).map("".join))
def test_any_text_has_a_normal_form_and_that_is_its_own(text: str) -> None:
    once = normal(text)
    assert normal(once.text).text == once.text
    assert all(once.text[place.start : place.end].strip() for place in once.places)
    assert isinstance(read(text), Words)


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "one ", "a ", "1 h ", "1 to ", "from 1 ", "1.", "half of ", "1 of ", "- ", "1h", "twenty-", "1,000"]
)
def test_a_long_text_takes_no_time(piece: str) -> None:
    start = time.process_time()
    normal(piece * (100_000 // len(piece)))
    assert time.process_time() - start < 2
