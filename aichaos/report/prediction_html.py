"""A prediction as one HTML page that needs nothing else: no network, no script."""

from importlib.resources import files
from typing import Any

from aichaos.domain.prediction import Prediction
from aichaos.report.clean import clean
from aichaos.report.prediction import affected, changing, says


def page(title: str, found: Prediction) -> str:
    import jinja2  # only where a page is made

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((files("aichaos.report") / "templates" / "prediction.html").read_text(encoding="utf-8"))
    notes = [*found.notes, *(f"{state.step}: {note}" for state in found.states for note in state.notes)]
    effects = dict.fromkeys(f"{state.step}: {affected(effect)}" for state in found.states for effect in state.effects)
    return clean(
        template.render(
            title=title, found=found, rows=_rows(found), notes=notes, effects=list(effects), connections=list(changing(found.connections))
        )
    )


def _rows(found: Prediction) -> list[list[dict[str, Any]]]:
    return [[_cell(found, number, place) for place in range(len(found.states))] for number in range(len(found.requests))]


def _cell(found: Prediction, number: int, place: int) -> dict[str, str]:
    answer = found.states[place].outcomes[number]
    if place and answer.alike(found.states[place - 1].outcomes[number]):
        return {"kind": "same", "text": "the same"}
    kind = "error" if answer.outcome == "error" else "changed" if place else ""
    return {"kind": kind, "text": says(answer)}
