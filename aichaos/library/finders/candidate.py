"""What a finder gives."""

from collections.abc import Callable, Iterator

import msgspec

from aichaos.domain.base import KubeObject, ObjectRef
from aichaos.domain.network import Service
from aichaos.library.fill import Values
from aichaos.observe.topology import Topology


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Objects that a scenario can be made for. subject: what it is about (names the experiment). why: objects that speak for it.

    derived: further values that follow from the numbers that the user's words set, such as which pods half of them are.
    """

    subject: ObjectRef
    namespaces: list[str]
    why: list[ObjectRef]
    values: Values
    derived: Callable[[Values], Values] | None = None


Names = frozenset[str]
"""What the user's words may name: words and names in lower case."""

Finder = Callable[[Topology, Names], Iterator[Candidate]]


def named(obj: KubeObject, names: Names) -> int:
    """How clearly names point at an object: its own name counts more than its namespace's."""
    return 2 * (obj.name.lower() in names) + (obj.namespace.lower() in names)


def service_ref(service: Service) -> ObjectRef:
    return ObjectRef("Service", service.name, service.namespace)


def share(part: int, whole: int) -> float:
    """Part of a whole, rounded up to whole percents: a limit must not be below what it allows."""
    return -(-part * 100 // whole) / 100 if whole else 0.0
