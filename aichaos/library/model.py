"""A scenario of the library, as its file says it."""

from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec

from aichaos.files import yaml

_MARK = "\nexperiment:\n"
_FOLDER = Path(__file__).parent / "scenarios"


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One parameterised experiment.

    slug: what the names of its experiments begin with, where that is not its own name: two scenarios for one fault may share it.
    find: the finder whose candidates it can be made for. parameters: names and defaults of what the user's words may set. keywords:
    words that ask for it. rank: order among scenarios that nothing else tells apart. body: the text of its `experiment`.
    """

    name: str
    version: int
    title: str
    category: str
    summary: str
    find: str
    keywords: list[str]
    rank: int
    slug: str = ""
    parameters: dict[str, int] = {}
    body: str

    @cached_property
    def experiment(self) -> dict[str, Any]:
        """The experiment with `${…}` in it. Read when it is asked for: of all scenarios, few are chosen."""
        (document,) = yaml.load(self.body, f"{self.name}.yaml")
        found: dict[str, Any] = document["experiment"]
        return found

    @property
    def prefix(self) -> str:
        return self.slug or self.name


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All scenarios that come with the program, by rank."""
    loaded = [_load(path) for path in sorted(_FOLDER.glob("*.yaml"))]
    return tuple(sorted(loaded, key=lambda scenario: (scenario.rank, scenario.name)))


def _load(path: Path) -> Scenario:
    """A file in two parts: its head, which is always read, and its experiment, which comes last and is read when it is chosen."""
    head, mark, body = path.read_text(encoding="utf-8").partition(_MARK)
    (document,) = yaml.load(head, path.name)
    return msgspec.convert(document | {"body": mark.lstrip() + body}, Scenario)
