"""A scenario of the library, as its file says it."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from aichaos.files import yaml

_FOLDER = Path(__file__).parent / "scenarios"


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One parameterised experiment.

    slug: what the names of its experiments begin with, where that is not its own name: two scenarios for one fault may share it.
    find: the finder whose candidates it can be made for. parameters: names and defaults of what the user's words may set. keywords:
    words that ask for it. rank: order among scenarios that nothing else tells apart. experiment: the file with `${…}` in it.
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
    experiment: dict[str, Any]

    @property
    def prefix(self) -> str:
        return self.slug or self.name


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All scenarios that come with the program, by rank."""
    loaded = [_load(path) for path in sorted(_FOLDER.glob("*.yaml"))]
    return tuple(sorted(loaded, key=lambda scenario: (scenario.rank, scenario.name)))


def _load(path: Path) -> Scenario:
    (document,) = yaml.load(path.read_text(encoding="utf-8"), path.name)
    return msgspec.convert(document, Scenario)
