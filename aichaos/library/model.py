"""A scenario of the library, as its file says it."""

from functools import cached_property
from typing import Any

import msgspec

from aichaos.files import yaml
from aichaos.library.parameters import Parameter, Value, parameter_of


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
