"""A text with one value changed: the data is what the patch says, and every line that it does not concern is as it was."""

import difflib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from aichaos.check.fixes import Operation, add, applied, move, remove, replace
from aichaos.files.edit import changed
from aichaos.files.nodes import Lines, documents, find
from aichaos.files.page import NotEdited
from aichaos.files.plain import same
from aichaos.files.yaml import escape, inline, load

ROUTE = """\
# who made this
apiVersion: v1    # a note
spec:
    # about the policy
    trafficPolicy:
        loadBalancer:
            simple: 'ROUND_ROBIN'   # rr

        # about the locality
        localityLbSetting:
            failover:   # fo
              - from: a
                to: b   # b
            enabled: true

        outlierDetection: {consecutive5xxErrors: 5}   # od
    value: 50 # fifty
    mirror_percentage: 100.0   # all
    list:
      - a: 1
        b: 2  # two
      - c
    empty:
    kept: "1000"
    block: |
      one
      two

# the end
"""


def after(text: str, *operations: Operation) -> str:
    for operation in operations:
        text = changed(text, operation)
    return text


def differs(before: str, now: str) -> list[str]:
    """The lines that went and came."""
    return [line for line in difflib.ndiff(before.splitlines(), now.splitlines()) if line[0] in "+-"]


@pytest.mark.parametrize(
    ("operations", "lines"),
    [
        ([replace("/spec/value", "50")], ["-     value: 50 # fifty", '+     value: "50" # fifty']),
        ([replace("/spec/kept", "1000ms")], ['-     kept: "1000"', '+     kept: "1000ms"']),
        (
            [replace("/spec/trafficPolicy/loadBalancer/simple", "RANDOM")],
            ["-             simple: 'ROUND_ROBIN'   # rr", "+             simple: 'RANDOM'   # rr"],
        ),
        ([replace("/spec/empty", 1)], ["-     empty:", "+     empty: 1"]),
        (
            [move("/spec/mirror_percentage", "/spec/mirrorPercentage"), replace("/spec/mirrorPercentage", {"value": 100.0})],
            ["-     mirror_percentage: 100.0   # all", "+     mirrorPercentage: {value: 100.0}   # all"],
        ),
        ([remove("/spec/list/0/a")], ["-       - a: 1", "-         b: 2  # two", "+       - b: 2  # two"]),
        ([remove("/spec/list/1")], ["-       - c"]),
        ([remove("/spec/list/0")], ["-       - a: 1", "-         b: 2  # two"]),
        ([add("/spec/list/-", {"x": 1})], ["+       - x: 1"]),
        ([add("/spec/new", {"a": [1, 2]})], ["+     new:", "+       a:", "+         - 1", "+         - 2"]),
        (
            [add("/spec/trafficPolicy/outlierDetection/x", "on")],
            [
                "-         outlierDetection: {consecutive5xxErrors: 5}   # od",
                '+         outlierDetection: {consecutive5xxErrors: 5, x: "on"}   # od',
            ],
        ),
        (
            [remove("/spec/trafficPolicy/loadBalancer/simple")],
            ["-         loadBalancer:", "+         loadBalancer: {}", "-             simple: 'ROUND_ROBIN'   # rr"],
        ),
    ],
)
def test_only_the_lines_of_a_change_change(operations: list[Operation], lines: list[str]) -> None:
    assert sorted(differs(ROUTE, after(ROUTE, *operations))) == sorted(lines)


def test_a_block_that_moves_takes_its_comments_along() -> None:
    text = after(ROUTE, move("/spec/trafficPolicy/localityLbSetting", "/spec/trafficPolicy/loadBalancer/localityLbSetting"))
    moved = "\n".join(f"    {line}" for line in ROUTE.splitlines()[9:14])
    assert f"simple: 'ROUND_ROBIN'   # rr\n{moved}\n" in text
    assert "# about the locality" in text


def test_line_ends_of_windows_stay() -> None:
    text = ROUTE.replace("\n", "\r\n")
    now = after(text, replace("/spec/value", "50"), add("/spec/x", {"y": 1}), move("/spec/list", "/spec/empty2"))
    assert "\n" not in now.replace("\r\n", "")


def test_json_stays_json() -> None:
    text = json.dumps({"a": {"b": [1, 2]}, "c": "x"}, indent=2) + "\n"
    now = after(text, replace("/a/b/1", "2"), add("/a/d", {"e": None}), remove("/c"), move("/a/b", "/a/f"))
    assert json.loads(now) == {"a": {"f": [1, "2"], "d": {"e": None}}}
    assert now.startswith('{\n  "a": {\n    "f": [\n      1,\n')


def test_an_anchor_stays_with_its_value() -> None:
    assert changed("a: &x 50 # c\nb: *x\n", replace("/a", "50")) == 'a: &x "50" # c\nb: *x\n'


def test_what_is_merged_in_is_overridden_where_it_is_used() -> None:
    text = "base: &b {mode: all}\nmine:\n  <<: *b\n  x: 1\n"
    assert changed(text, replace("/mine/mode", "one")) == f"{text}  mode: one\n"


def test_a_collection_that_stays_in_parts_is_changed_in_the_others() -> None:
    text = "a:  # one\n  b: 1   # two\n  c: [x,  y]\n  d: 0\n"
    assert changed(text, replace("/a", {"b": True, "c": ["x", "z"], "e": 1})) == "a:  # one\n  b: true   # two\n  c: [x,  z]\n  e: 1\n"


def test_a_collection_that_gets_a_key_or_a_dash_keeps_its_text() -> None:
    text = "a:\n- x  # one\n# two\n- z\nb: {c: 1,  d: 2}\n"
    assert changed(text, replace("/a", {"k": ["x", "z"]})) == text.replace("- x", "  k:\n    - x").replace("# two\n-", "    # two\n    -")
    assert changed(text, replace("/b", [{"c": 1, "d": 2}])) == text.replace("{c: 1,  d: 2}", "[{c: 1,  d: 2}]")


def test_the_comments_of_what_is_replaced_stay() -> None:
    text = "a:\n  b: 1  # one\n  # two\n  c: '# no'  # three\nd: 1\n"
    assert changed(text, replace("/a", ["x"])) == "a:\n  # one\n  # two\n  - x  # three\nd: 1\n"


def test_what_is_not_there_is_not_edited() -> None:
    for operation in (remove("/nothing"), replace("/spec/nothing", 1), add("/spec/list/9", 1), add("/spec/value/x", 1), remove("")):
        with pytest.raises(NotEdited):
            changed(ROUTE, operation)


# any document, in any layout ----------------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "value", "on", "x y", "with/slash", "'q'", "50"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5000),
    st.sampled_from(["", "50", "60s", "a: b", "# no", "it's", "é", "two\nlines\n", "x" * 30, "{{ x }}"]),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12)
COMMENTS = st.sampled_from(["# a comment", "#", "# with: colon", "# - dash", "# {brace"])


@st.composite
def written(draw: st.DrawFn, value: Any, indent: int = 0) -> str:
    """A value as somebody might write it: block or flow, any quotes, any indentation, comments anywhere."""
    flow = not isinstance(value, (dict, list)) or not value or draw(st.booleans())
    if flow:
        return draw(quoted(value)) if isinstance(value, str) else inline(value)
    lines: list[str] = []
    for key, held in value.items() if isinstance(value, dict) else enumerate(value):
        if draw(st.integers(0, 4)) == 0:
            lines.append(" " * draw(st.integers(0, 6)) + draw(COMMENTS))
        if draw(st.integers(0, 6)) == 0:
            lines.append("")
        head = f"{inline(key)}:" if isinstance(value, dict) else "-"
        step = draw(st.integers(1, 4))
        inner = draw(written(held, indent + step))
        block = isinstance(held, (dict, list)) and held and "\n" in inner
        note = "  " + draw(COMMENTS) if draw(st.integers(0, 4)) == 0 else ""
        if block:
            lines += [f"{' ' * indent}{head}{note}", inner.lstrip("\n")]
        else:
            lines.append(f"{' ' * indent}{head} {inner}{note}")
    return "\n" + "\n".join(lines)


@st.composite
def quoted(draw: st.DrawFn, value: str) -> str:
    style = draw(st.sampled_from(["", "'", '"']))
    if style == '"':
        return json.dumps(value)
    return "'" + value.replace("'", "''") + "'" if style == "'" and value.isprintable() else inline(value)


def places(value: Any, at: str = "") -> list[str]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(found for key, held in children for found in places(held, f"{at}/{escape(str(key))}"))]


@st.composite
def operations(draw: st.DrawFn, value: Any) -> Operation:
    path = draw(st.sampled_from(places(value)[1:]))
    parent = path.rpartition("/")[0]
    match draw(st.sampled_from(["replace", "remove", "add", "move", "rename"])):
        case "replace":
            return replace(path, draw(VALUES))
        case "remove":
            return remove(path)
        case "add":
            return add(f"{parent}/{draw(KEYS.map(escape))}" if isinstance(at(value, parent), dict) else path, draw(VALUES))
        case "rename":
            return move(path, f"{parent}/{draw(KEYS.map(escape))}")
    target = draw(st.sampled_from([one for one in places(value) if isinstance(at(value, one), dict)]))
    return move(path, f"{target}/{draw(KEYS.map(escape))}")


def at(value: Any, path: str) -> Any:
    for part in path.split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[part.replace("~1", "/").replace("~0", "~")]
    return value


HONEST = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@HONEST
@given(st.data(), st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_a_change_is_what_the_patch_says_or_is_not_made(data: st.DataObject, value: dict[str, Any]) -> None:
    text = data.draw(written(value)).lstrip("\n") + "\n"
    assume(load(text, "x") == [value])
    operation = data.draw(operations(value))
    try:
        wanted = applied(value, [operation])
    except (LookupError, TypeError, ValueError):
        return
    try:
        now = changed(text, operation)
    except NotEdited:
        return
    assert same(load(now, "x"), [] if wanted is None else [wanted])
    assert gone(text, now) <= near(text, operation)


def gone(before: str, now: str) -> set[int]:
    """The lines, from 1, that are not as they were."""
    steps = difflib.SequenceMatcher(None, before.splitlines(), now.splitlines(), autojunk=False).get_opcodes()
    return {line + 1 for tag, start, end, *_ in steps if tag in ("replace", "delete") for line in range(start, end)}


def near(text: str, operation: Operation) -> set[int]:
    """The lines of the collections in which something changes, with the keys that hold them."""
    root, lines = documents(text, {0})[0], Lines(text)
    found: set[int] = set()
    for path in (operation[key] for key in ("path", "from") if key in operation):
        spot = find(root, path.rpartition("/")[0])
        found |= set(range(lines.place(spot.entry)[0], lines.place(spot.node.end)[0] + 1))
    return found
