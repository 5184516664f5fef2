"""A scenario of the library, as its file says it."""

from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec

from aichaos.files import yaml
from aichaos.library.parameters import Parameter, Value, parameter_of

_MARK = "\nexperiment:\n"
_FOLDER = Path(__file__).parent / "scenarios"


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One parameterised experiment.

    slug: what the names of its experiments begin with, where that is not its own name: two scenarios for one fault may share it.
    find: the finder whose candidates it can be made for. parameters: names and defaults of what may be set. keywords: words that ask for
    it. tags: collections that it belongs to. rank: order among scenarios that nothing else tells apart. body: a text whose `experiment` it
    is. file: where it stands; "" for one that comes with the program.
    """

    name: str
    version: int
    title: str
    category: str
    summary: str
    find: str
    keywords: list[str]
    rank: int = 1000
    slug: str = ""
    tags: list[str] = []
    parameters: dict[str, int | float | str | Parameter] = {}
    body: str = ""
    file: str = ""

    @cached_property
    def experiment(self) -> dict[str, Any]:
        """The experiment with `${…}` in it. Read when it is asked for: of all scenarios, few are chosen."""
        (document,) = yaml.load(self.body, self.file or f"{self.name}.yaml")
        found: dict[str, Any] = document["experiment"]
        return found

    @property
    def prefix(self) -> str:
        return self.slug or self.name

    @cached_property
    def settable(self) -> dict[str, Parameter]:
        """What may be set, with units and ranges."""
        return {name: parameter_of(name, written) for name, written in self.parameters.items()}

    @property
    def defaults(self) -> dict[str, Value]:
        return {name: parameter.default for name, parameter in self.settable.items()}

    @property
    def reference(self) -> str:
        """`NAME@VERSION`."""
        return f"{self.name}@{self.version}"


@cache
def scenarios(own: Path | None = None) -> tuple[Scenario, ...]:
    """All scenarios that come with the program, and those of a folder of one's own, by rank. Raises FileError for what stands in that."""
    loaded = [_load(path) for path in sorted(_FOLDER.glob("*.yaml"))]
    if own is not None:
        from aichaos.library.own import load

        loaded += load(own, {one.name for one in loaded})
    return tuple(sorted(loaded, key=lambda scenario: (scenario.rank, scenario.name)))


def _load(path: Path) -> Scenario:
    """A file in two parts: its head, which is always read, and its experiment, which comes last and is read when it is chosen."""
    head, mark, body = path.read_text(encoding="utf-8").partition(_MARK)
    (document,) = yaml.load(head, path.name)
    return msgspec.convert(document | {"body": mark.lstrip() + body}, Scenario)
