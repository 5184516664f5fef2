"""All scenarios: those that come with the program, and those of a folder of one's own."""

from functools import cache
from pathlib import Path

from aichaos.domain import forms
from aichaos.files import yaml
from aichaos.library.model import Scenario
from aichaos.library.own import load

_MARK = "\nexperiment:\n"
_FOLDER = Path(__file__).parent / "scenarios"


@cache
def scenarios(own: Path | None = None) -> tuple[Scenario, ...]:
    """All scenarios that come with the program, and those of a folder of one's own, by rank. Raises FileError for what stands in that."""
    loaded = [_load(path) for path in sorted(_FOLDER.glob("*.yaml"))]
    if own is not None:
        loaded += load(own, {one.name for one in loaded})
    return tuple(sorted(loaded, key=lambda scenario: (scenario.rank, scenario.name)))


def _load(path: Path) -> Scenario:
    """A file in two parts: its head, which is always read, and its experiment, which comes last and is read when it is chosen."""
    head, mark, body = path.read_text(encoding="utf-8").partition(_MARK)
    (document,) = yaml.load(head, path.name)
    return forms.convert(document | {"body": mark.lstrip() + body}, Scenario)
