"""A prediction as text: requests down, steps across, a letter for each answer; then what the letters and numbers mean.

Letters keep the table narrow, and say at a glance what changes when. A point stands for the same answer as before.
"""

from collections.abc import Iterator
from string import ascii_uppercase

import msgspec

from aichaos.domain.prediction import Answer, Connection, Effect, Prediction, State
from aichaos.report.layout import Paper, Part, Style, cells
from aichaos.report.routing import headline

_LETTER: tuple[Style, ...] = ("green", "yellow", "magenta", "cyan", "blue")


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """A prediction with a letter for each different answer. letters: rows are requests, columns are states. meanings: letter → answer."""

    letters: list[list[str]]
    meanings: dict[str, Answer]


def grid(found: Prediction) -> Grid:
    """The letters of a prediction, in the order in which their answers are first given."""
    known: dict[bytes, str] = {}
    meanings: dict[str, Answer] = {}
    rows = []
    for number in range(len(found.requests)):
        row = []
        for state in found.states:
            answer = state.outcomes[number]
            key = msgspec.json.encode((answer.brief, answer.route))
            if key not in known:
                known[key] = _letter(len(known))
                meanings[known[key]] = answer
            row.append(known[key])
        rows.append(row)
    return Grid(letters=rows, meanings=meanings)


def _letter(number: int) -> str:
    """A to Z, then A2, B2 and so on."""
    round_, place = divmod(number, len(ascii_uppercase))
    return ascii_uppercase[place] + (str(round_ + 1) if round_ else "")


def says(answer: Answer) -> str:
    """What an answer is, and by which route."""
    return headline(answer) + (f", by {answer.route}" if answer.route is not None else "")


def show(title: str, found: Prediction, paper: Paper) -> None:
    paper.text(title, style="bold")
    paper.text(found.verdict, style=_verdict_style(found.verdict))
    if found.requests:
        _table(found, paper)
    _steps(found.states, paper)
    _irreversible(found, paper)
    _connections(found.connections, found.states, paper)
    paper.line()
    if found.restored:
        paper.text("After the way back every request is answered as before.", style="green")
    else:
        paper.text("After the way back some requests are NOT answered as before.", style="red")


def _verdict_style(verdict: str) -> Style:
    if verdict.startswith(("cuts off", "a step would fail")):
        return "red"
    return "dim" if verdict.startswith("no request") else "yellow"


def _table(found: Prediction, paper: Paper) -> None:
    drawn = grid(found)
    heads = [head(number, len(found.states)) for number in range(len(found.states))]
    room = max(24, paper.width - sum(len(one) + 2 for one in heads))
    paper.line()
    paper.line((" " * min(room, max(map(cells, found.requests)) + 2), ""), *(f"{one}  " for one in heads))
    width = min(room, max(map(cells, found.requests)) + 2)
    for request, row in zip(found.requests, drawn.letters, strict=True):
        shown = request if cells(request) <= width - 2 else request[: width - 3] + "…"
        parts: list[Part | str] = [shown + " " * (width - cells(shown))]
        for place, (letter, its) in enumerate(zip(row, heads, strict=True)):
            same = place > 0 and letter == row[place - 1]
            text = "·" if same else letter
            style: Style = "dim" if same else _style(letter, drawn)
            parts.append((text + " " * (len(its) + 2 - len(text)), style))
        paper.line(*parts)
    paper.line()
    rows: list[list[Part]] = [[(letter, _style(letter, drawn)), (meaning(letter, drawn), "")] for letter in drawn.meanings]
    paper.columns(rows, indent=2)


def meaning(letter: str, drawn: Grid) -> str:
    """What an answer is; where another letter would read the same, also how many endpoints can give it."""
    answer = drawn.meanings[letter]
    said = says(answer)
    if any(other != letter and says(meant) == said for other, meant in drawn.meanings.items()):
        counted = ", ".join(f"{share.ready_endpoints}" for share in answer.backends)
        return f"{said} (ready endpoints: {counted})" if counted else said
    return said


def head(number: int, states: int) -> str:
    if number == 0:
        return "before"
    return "restored" if number == states - 1 else str(number)


def _style(letter: str, drawn: Grid) -> Style:
    if drawn.meanings[letter].outcome == "error":
        return "red"
    return _LETTER[(ord(letter[0]) - ord("A")) % len(_LETTER)]


def _steps(states: tuple[State, ...], paper: Paper) -> None:
    paper.line()
    for number, state in enumerate(states[1:-1], 1):
        paper.text(state.step, indent=2, mark=f"{number:>2}  ")
        for effect in state.effects if states[number - 1].effects != state.effects else ():
            paper.text(affected(effect), indent=6, style="yellow")
        for note in state.notes:
            paper.text(note, indent=6, style="red")
    for note in states[-1].notes:
        paper.text(f"on the way back: {note}", indent=2, style="red")


def affected(effect: Effect) -> str:
    return f"{effect.share:.0%} of the requests to {effect.service}: {effect.pods} of {effect.of} pods, each {effect.does}"


def _irreversible(found: Prediction, paper: Paper) -> None:
    if found.irreversible:
        paper.line()
        paper.line(("What applying the manifest again would not bring back", "bold"))
        for one in found.irreversible:
            paper.text(f"{one.object}: {one.why}", indent=2, mark="• ")
            paper.text(f"so {one.undo}", indent=4, style="green")


def _connections(found: tuple[Connection, ...], states: tuple[State, ...], paper: Paper) -> None:
    rows = list(changing(found))
    if rows:
        paper.line()
        paper.line(("Connections that change", "bold"))
        for one in rows[:20]:
            paper.text(f"{one.from_} → {one.to} port {one.port}: closed at {_spans(one.allowed)}", indent=2, mark="• ")
        if len(rows) > 20:
            paper.text(f"and {len(rows) - 20} more", indent=4, style="dim")


def _spans(allowed: tuple[bool, ...]) -> str:
    """The states in which a connection is closed: `2–5, restored`."""
    found: list[list[int]] = []
    for number in (number for number, open_ in enumerate(allowed) if not open_):
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    heads = [(head(span[0], len(allowed)), head(span[-1], len(allowed))) for span in found]
    return ", ".join(first if first == last else f"{first}–{last}" for first, last in heads)


def changing(found: tuple[Connection, ...]) -> Iterator[Connection]:
    return (one for one in found if len(set(one.allowed)) > 1)
