"""A prediction as one HTML page that needs nothing else: no network, no script.

Requests are lanes, steps are columns, and a bar lasts as long as its answer does: what changes when is seen before it is read.
"""

from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise

import msgspec

from aichaos.domain.prediction import Prediction, State
from aichaos.report.clean import clean
from aichaos.report.prediction import Grid, affected, changing, grid, head, meaning

_TONES = 6
"""Colours that answers take in turn; errors have one of their own."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, and for how many states it stays. tone: the name of its colour. means: the answer in words."""

    letter: str
    tone: str
    lasts: int
    means: str


def page(title: str, found: Prediction) -> str:
    import jinja2  # only where a page is made

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((files("aichaos.report") / "templates" / "prediction.html").read_text(encoding="utf-8"))
    drawn = grid(found)
    heads = [head(number, len(found.states)) for number in range(len(found.states))]
    return clean(
        template.render(
            title=title,
            found=found,
            heads=heads,
            lanes=[(request, list(_bars(row, drawn))) for request, row in zip(found.requests, drawn.letters, strict=True)],
            legend=[Bar(letter=letter, tone=_tone(letter, drawn), lasts=1, means=meaning(letter, drawn)) for letter in drawn.meanings],
            steps=list(_steps(found.states)),
            connections=[(one, list(_spans(one.allowed))) for one in changing(found.connections)],
        )
    )


def _bars(row: list[str], drawn: Grid) -> Iterator[Bar]:
    """The answers to one request, one after the other."""
    begun = 0
    for place in range(1, len(row) + 1):
        if place == len(row) or row[place] != row[begun]:
            letter = row[begun]
            yield Bar(letter=letter, tone=_tone(letter, drawn), lasts=place - begun, means=meaning(letter, drawn))
            begun = place


def _tone(letter: str, drawn: Grid) -> str:
    if drawn.meanings[letter].outcome == "error":
        return "error"
    return f"tone{list(drawn.meanings).index(letter) % _TONES}"


def _spans(allowed: tuple[bool, ...]) -> Iterator[Bar]:
    """For how long a connection is open and closed."""
    begun = 0
    for place in range(1, len(allowed) + 1):
        if place == len(allowed) or allowed[place] != allowed[begun]:
            word = "open" if allowed[begun] else "closed"
            yield Bar(letter=word, tone="tone0" if allowed[begun] else "error", lasts=place - begun, means=word)
            begun = place


def _steps(states: tuple[State, ...]) -> Iterator[tuple[str, list[str], tuple[str, ...]]]:
    """What is done, the faults that begin with it, and what is worth knowing of it; at last of the way back."""
    for before, state in pairwise(states):
        effects = [affected(one) for one in state.effects] if state.effects != before.effects else []
        yield state.step, effects, state.notes
