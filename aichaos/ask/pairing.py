"""What a number is said of: which figure, in which window, of which probe or backend, measured or promised, come or foretold.

A report says it by headings, columns and words; a summary by the words beside a number. Only words that stand near a number count, and a
number without any is said of nothing in particular. So a true number can be refused where its words are meant otherwise, and two that were
swapped do not pass.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec

Span = tuple[int, int]

_WINDOWS = {
    "baseline": r"before(?:hand)?\b(?!\s+(?:it|they|all|the answers?)\s+\w+)|baseline|at first\b|initially|previously",
    "during": r"during\b|while it (?:lasted|was on)|under (?:the )?(?:fault|chaos|load)",
    "after": r"after(?:wards?\b|:|\s+(?:the\s+)?(?:experiment|run|restore|recovery|way back|rollback)\b)|once restored",
}
_FIGURES = {
    "success": ("%", r"success(?:\s+rate)?|availability|(?:were|was|are|is)\s+good|good\s+answers"),
    "p50": ("s", r"p50|median"),
    "p95": ("s", r"p95"),
    "p99": ("s", r"p99"),
    "detect": ("s", r"(?:time\s+)?to\s+detect\w*|first\s+bad\s+answer|detected"),
    "recover": ("s", r"(?:time\s+)?to\s+recover\w*|good\s+again|recovered"),
    "length": ("s", r"lasted"),
    "samples": ("", r"samples"),
    "answers": ("", r"answers|requests|responses"),
    "score": ("", r"scor(?:e[sd]?|ing)"),
    "confidence": ("", r"confidence"),
}
_ROLES = {
    "promised": r"promis\w+|objectives?|targets?|tolerances?|thresholds?|limits?\b|at least|at most|above|below|>=|<=|[<>]|≥|≤|slo\b",
    "foretold": r"foretold|predict\w*|foreseen",
    "expected": r"expected",
    "observed": r"observed|came\b|answered\b|answers?\s+(?:was|were)\b",
}
_CHANGES = re.compile(
    r"(?i)\b(?P<down>fell|falls?|dropp?(?:ed|s|ing)?|sank|declin\w+|decreas\w+|went down)"
    r"|\b(?P<up>rose|rises?|climb\w*|increas\w+|grew|went up|recovered)"
)
_ORDER = ("baseline", "during", "after")
_SENTENCE = re.compile(r"[.!?](?=\s|$)|;|\n")
_CLAUSE = re.compile(r",(?=\s)|\bwhile\b|\bwhere\b|\bbut\b")
_OF = re.compile(r"\s*(?:/|out of|of(?: the| all)?)\s*", re.IGNORECASE)
_STEP = re.compile(r"(?i)\bsteps?\s$")
_STATUS = re.compile(
    r"(?i)\b(?:said|answered|answers?|answering|were|was|came|foretold|expected|status|code|http|(?:answer\w*|came|replied|failed) with)\s$"
)
_COUNTED = re.compile(r"(?i)\s+(?:\w+\s+)?(?:answers|requests|responses|samples|times)\b")
_STRICT = frozenset(("step", "scale", "success", "p50", "p95", "p99", "detect", "recover", "score", "confidence"))
"""Figures that a report names wherever it gives them: a number that it names otherwise is none of them."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a number is said of; "" where that is open. state: of the prediction, for a count of what came in it. near: whether the
    figure's name stands right beside it."""

    figure: str = ""
    window: str = ""
    role: str = ""
    probe: str = ""
    backend: str = ""
    state: str = ""
    near: bool = False


DIMENSIONS = ("figure", "window", "role", "probe", "backend", "state")


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """A number where it stands. kind: `%`, `s` or ""."""

    kind: str
    span: Span


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The probes and backends that a report tells of, and the states of its prediction, in lower case."""

    probes: frozenset[str] = frozenset()
    backends: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()


# a text of sentences ---------------------------------------------------------------------------------------------------------------


class _Mention(msgspec.Struct, frozen=True):
    what: str
    start: int
    end: int


def of_text(text: str, numbers: Sequence[Number], names: Names) -> list[Said]:
    """What each number of a text is said of, in their order."""
    return [_said(text, numbers, place, names) for place in range(len(numbers))]


def _said(text: str, numbers: Sequence[Number], place: int, names: Names) -> Said:
    one = numbers[place]
    if bound := _bound(text, numbers, place):
        main, role = bound
        return msgspec.structs.replace(_said(text, numbers, main, names), role=role)
    figure, near = _figure(text, numbers, place)
    # `during it, success fell from 100% to 50%`: the first is of before, unless it says so itself
    window, _ = _nearest(text, numbers, place, list(_WINDOWS.items()), behind_only=_is_from(text, one))
    probe, _ = _nearest(text, numbers, place, [(name, _as_name(name)) for name in names.probes])
    backend, beside = _nearest(text, numbers, place, [(name, _as_name(name)) for name in names.backends])
    if not beside or _is_total(text, numbers, place):
        backend = ""
    role, state = _role(text, numbers, place, figure), _state(text, one, names) if not window and figure not in ("step", "status") else ""
    return Said(figure=figure, window=window, role=role, probe=probe, backend=backend, state=state, near=near)


def _state(text: str, one: Number, names: Names) -> str:
    """The state that the sentence of a count names: `in the state 'step 2' shop/web answered all 30`."""
    if one.kind:
        return ""
    known = [(name, rf"states?\s+['\"‘“]?{re.escape(name)}(?![\w-])") for name in names.states]
    found = _mentions(text, _from(text, one.span[0], _SENTENCE), _to(text, one.span[1], _SENTENCE), known)
    return found[0].what if found else ""


def _bound(text: str, numbers: Sequence[Number], place: int) -> tuple[int, str] | None:
    """For an end of an interval, `66.7% (61.2% to 71.8%)`: the number that it is of, and which end."""
    for first in (place, place - 1):
        if first < 1 or first + 1 >= len(numbers):
            continue
        main, low, high = numbers[first - 1 : first + 2]
        opened, between = text[main.span[1] : low.span[0]], text[low.span[1] : high.span[0]]
        if (
            re.fullmatch(r"\s*\(", opened)
            and re.fullmatch(r"\s*(?:to|–|—|-|and)\s*", between)
            and text[high.span[1] :].lstrip().startswith(")")
        ):
            return first - 1, "low end" if first == place else "high end"
    return None


def _figure(text: str, numbers: Sequence[Number], place: int) -> tuple[str, bool]:
    one = numbers[place]
    figure, near = _nearest(text, numbers, place, [(what, pattern) for what, (kind, pattern) in _FIGURES.items() if kind == one.kind])
    if one.kind:
        return figure, near
    if _STEP.search(text[: one.span[0]]):
        return "step", True
    named = near and figure in ("score", "confidence")
    if not named and _STATUS.search(text[: one.span[0]]) and not _COUNTED.match(text, one.span[1]):
        return "status", True
    if not near:
        return "", False  # a count, a status and a score look the same: only the word beside them tells
    if figure == "score" and _together(text, numbers, place)[0] != place:
        return "scale", True
    return ("samples" if figure == "answers" and _is_total(text, numbers, place) else figure), True


def _is_total(text: str, numbers: Sequence[Number], place: int) -> bool:
    """Whether a count is what others are a part of: `200 of the 300 answers`."""
    return _together(text, numbers, place)[0] != place


def _as_name(name: str) -> str:
    return rf"(?<![\w/.-]){re.escape(name)}(?![\w/-])"


def _nearest(
    text: str, numbers: Sequence[Number], place: int, known: Sequence[tuple[str, str]], *, behind_only: bool = False
) -> tuple[str, bool]:
    """The word for a number: the one between it and the number before, in its clause; else the one that follows, up to the next number;
    else the last one before in its sentence. And whether it is one of the first two."""
    sentence = _from(text, numbers[place].span[0], _SENTENCE)
    first, last = _together(text, numbers, place)
    start, end = numbers[first].span[0], numbers[last].span[1]
    before, behind = (numbers[first - 1].span[1] if first else 0), (numbers[last + 1].span[0] if last + 1 < len(numbers) else len(text))
    clause = max(sentence, before, _from(text, start, _CLAUSE))
    own = [one for one in _mentions(text, clause, start, known) if not _is_taken(text, numbers, place, one, known)]
    if own and not behind_only:
        return own[-1].what, True
    follows = _mentions(text, end, min(behind, _to(text, end, _SENTENCE), _to(text, end, _CLAUSE)), known)
    if follows and not _leads(text, follows[0].end, behind):
        return follows[0].what, True
    if behind_only:
        return "", False
    carried = [one for one in _mentions(text, sentence, start, known) if not _is_taken(text, numbers, place, one, known)]
    return (carried[-1].what, False) if carried else ("", False)


def _together(text: str, numbers: Sequence[Number], place: int) -> tuple[int, int]:
    """`200 of 300 answers`, `50 of 100`: what is said of one is said of both."""
    first = last = place
    while first and _OF.fullmatch(text[numbers[first - 1].span[1] : numbers[first].span[0]]):
        first -= 1
    while last + 1 < len(numbers) and _OF.fullmatch(text[numbers[last].span[1] : numbers[last + 1].span[0]]):
        last += 1
    return first, last


def _leads(text: str, after: int, number: int) -> bool:
    """Whether a word belongs to the number behind it: `20 ms and p50 5 ms`."""
    return re.fullmatch(r"\s*(?:of|at|was|is|were|[:=(])*\s*", text[after:number]) is not None and number < len(text)


def _is_taken(text: str, numbers: Sequence[Number], place: int, mention: _Mention, known: Sequence[tuple[str, str]]) -> bool:
    """Whether a word belongs to a number before it: in `20 ms p95 and 5 ms p50` the first name is not that of the second number."""
    earlier = [one for one in numbers[:place] if one.span[1] <= mention.start]
    if not earlier:
        return False
    gap = text[earlier[-1].span[1] : mention.start]
    led = _mentions(
        text, max(_from(text, earlier[-1].span[0], _SENTENCE), _from(text, earlier[-1].span[0], _CLAUSE)), earlier[-1].span[0], known
    )
    return (
        not led
        and re.fullmatch(r"[)\s]*(?:(?:of|in|at|the|for|from|by|to|came|success|answers|requests|were|was|good)\s+)*", gap) is not None
    )


def _mentions(text: str, start: int, end: int, known: Sequence[tuple[str, str]]) -> list[_Mention]:
    part = text[start:end]
    found = [
        _Mention(what, start + match.start(), start + match.end())
        for what, pattern in known
        for match in re.finditer(rf"(?i)(?<!\w)(?:{pattern})", part)
    ]
    return sorted(found, key=lambda one: (one.start, one.end))


def _from(text: str, place: int, border: re.Pattern[str]) -> int:
    return max((match.end() for match in border.finditer(text, 0, place)), default=0)


def _to(text: str, place: int, border: re.Pattern[str]) -> int:
    found = border.search(text, place)
    return found.start() if found else len(text)


def _is_from(text: str, one: Number) -> bool:
    return re.search(r"(?i)\bfrom\s+(?:about\s+|some\s+)?$", text[: one.span[0]]) is not None


def _role(text: str, numbers: Sequence[Number], place: int, figure: str) -> str:
    """A figure that nobody calls promised was measured."""
    roles = list(_ROLES.items())
    known = roles[:1] if numbers[place].kind else roles
    found, near = _nearest(text, numbers, place, known)
    if near:
        return found
    return "measured" if figure and numbers[place].kind and not found else ""


# a report --------------------------------------------------------------------------------------------------------------------------

_HEADINGS = {"## Baseline": "baseline", "## During the experiment": "during", "## After: recovery": "after"}
_COLUMNS = {"success": "success", "p50": "p50", "p95": "p95", "p99": "p99", "samples": "samples"}
_PROBE = re.compile(r"\*\*(.+?)\*\* \(")
_LENGTH = re.compile(r"\d+(?:\.\d+)? s\.")


def names(report: str) -> Names:
    """The probes, backends and states of a report."""
    probes, backends, states = set[str](), set[str](), set[str]()
    head: list[str] = []
    for line in report.lower().split("\n"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        head = (head or cells) if cells else []
        if "predicted" in head and cells != head:
            states.add(dict(zip(head, cells, strict=False)).get("state", ""))
        if probe := _PROBE.match(line):
            probes.add(probe[1])
        backends.update(match[1] for match in re.finditer(r"([\w.-]+/[\w.-]+) \(\d", line))
    return Names(probes=frozenset(probes), backends=frozenset(backends), states=frozenset(states - {"", "---"}))


def of_report(report: str, numbers: Sequence[Number], known: Names) -> list[Said]:
    """What each number of a report is said of, in their order."""
    found = dict[Span, Said]()
    window, probe, head, at = "", "", list[str](), 0
    for line in report.split("\n"):
        mine = [one for one in numbers if at <= one.span[0] < at + len(line)]
        if line.startswith("## "):
            window, probe, head = _HEADINGS.get(line.strip(), ""), "", []
        elif named := _PROBE.match(line):
            probe = named[1].lower()
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            head = []
        elif not head:
            head = cells
        if cells:
            found |= {one.span: _of_cell(line, one.span[0] - at, head, window, probe) for one in mine}
        else:
            local = [msgspec.structs.replace(one, span=(one.span[0] - at, one.span[1] - at)) for one in mine]
            for one, said in zip(mine, _of_line(line, local, known), strict=True):
                length = "length" if _LENGTH.fullmatch(line.strip()) else said.figure
                kept = msgspec.structs.replace(said, figure=length, window=said.window or window, probe=said.probe or probe)
                found[one.span] = kept
        at += len(line) + 1
    return [found.get(one.span, Said()) for one in numbers]


def _of_line(line: str, numbers: Sequence[Number], known: Names) -> Iterator[Said]:
    """A line of words. `success 100.0% → 66.7%` is of before and of the time in which it was changed."""
    arrows = {pair for pair in pairwise(numbers) if "→" in line[pair[0].span[1] : pair[1].span[0]]}
    for place, said in enumerate(of_text(line, numbers, known)):
        is_left = any(left is numbers[place] for left, _ in arrows)
        is_right = any(right is numbers[place] for _, right in arrows)
        yield msgspec.structs.replace(said, window="baseline" if is_left else "during") if is_left or is_right else said


def _of_cell(line: str, place: int, head: Sequence[str], window: str, probe: str) -> Said:
    """A cell of a table: its column, its row and the section say what it is."""
    column = line[:place].count("|") - 1
    title = head[column] if 0 <= column < len(head) else ""
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    row, cell = dict(zip(head, cells, strict=False)), _Cell(line, place)
    if title == "answered":
        return Said(figure=cell.counts, window=window, role="observed", probe=probe, backend=cell.counted)
    if "promise" in head:
        promise = row.get("promise", "").lower()
        figure = next((what for what, (_, pattern) in _FIGURES.items() if re.match(pattern, promise)), "")
        role = {"promise": "promised", "observed": cell.end or "measured"}.get(title, "")
        return Said(figure=figure, role=role, probe=row.get("probe", "").lower(), window="during" if title == "observed" else "")
    if "predicted" in head:
        role = {"predicted": "foretold", "observed": "observed"}.get(title, "")
        state = row.get("state", "").lower() if role else ""
        return Said(figure="step" if title == "state" else cell.counts if role else "", role=role, backend=cell.counted, state=state)
    figure = _COLUMNS.get(title, "")
    return Said(figure=figure, window=window, probe=probe, role=cell.end or "measured" if figure and figure != "samples" else "")


class _Cell:
    """What the place of a number in its cell says. counted: what it is the count of, in `shop/web (30)`. counts: `answers` for such a
    number, `status` for another. end: which end of an interval it is."""

    def __init__(self, line: str, place: int) -> None:
        before = line[line.rfind("|", 0, place) + 1 : place]
        behind = line[place : line.find("|", place)]
        found = re.search(r"([\w./-]+) \($", before)
        self.counted = found[1].lower() if found else ""
        self.counts = "answers" if found else "status"
        self.end = ""
        if "(" in before:
            self.end = "low end" if re.match(r"[\d.]+\s*[%a-z]*\s*(?:–|to)", behind) else "high end"


# held against each other -----------------------------------------------------------------------------------------------------------


def fits(said: Said, candidates: Sequence[Said]) -> bool:
    """Whether one of the report's numbers that agree with a number is what that number is said of.

    Where the report says of one of them what it is, those of which it does not are no way out.
    """
    return any(all(_same(said, one, dimension, candidates) for dimension in DIMENSIONS) for one in candidates)


def _same(said: Said, one: Said, dimension: str, candidates: Sequence[Said]) -> bool:
    wanted: str = getattr(said, dimension)
    has: str = getattr(one, dimension)
    if dimension == "figure" and has == "step":
        return wanted == has
    if not wanted or has == wanted or (dimension == "figure" and (wanted, has) == ("answers", "samples")):
        return True
    if has or wanted.endswith(" end") or dimension == "state" or (dimension == "figure" and said.near and wanted in _STRICT):
        return False
    return not any(getattr(other, dimension) for other in candidates)


def told(said: Said, candidates: Sequence[Said]) -> str:
    """In words: what a number is said of, and what the report says it of."""
    there = list(dict.fromkeys(_words(one) for one in candidates if _words(one)))
    most = [one for one in there if not any(set(one.split()) < set(other.split()) for other in there)]
    return f"said of {_words(said) or 'something else'}" + (f"; in the report it is of {' or of '.join(most[:3])}" if most else "")


def _words(said: Said) -> str:
    return " ".join(part for part in (said.role, said.figure, said.window, said.probe, said.backend, said.state) if part)


def turned(text: str, first: tuple[Number, float, Iterable[Said]], second: tuple[Number, float, Iterable[Said]]) -> bool:
    """Whether `from A to B` goes against time, or against its own verb. Each number with its value and what the report says it of."""
    (left, was, whens), (right, becomes, thens) = first, second
    if left.kind != right.kind or not _is_from(text, left):
        return False
    if re.fullmatch(r"\s*(?:\([^()]*\)\s*)?(?:to|down to|up to)\s+(?:about\s+)?", text[left.span[1] : right.span[0]]) is None:
        return False
    verb = list(_CHANGES.finditer(text, _from(text, left.span[0], _SENTENCE), left.span[0]))
    if verb and ((verb[-1]["down"] and was < becomes) or (verb[-1]["up"] and left.kind == "%" and was > becomes)):
        return True
    before = {_ORDER.index(one.window) for one in whens if one.window}
    after = {_ORDER.index(one.window) for one in thens if one.window}
    return bool(before) and bool(after) and min(before) >= max(after)
