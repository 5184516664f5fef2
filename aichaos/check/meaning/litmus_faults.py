"""What the faults of Litmus take: a table made from its charts (`tools/make_litmus_faults.py`), read when a ChaosEngine is checked."""

import re
from functools import cache
from pathlib import Path

import msgspec

from aichaos.domain import forms


class LitmusKnown(msgspec.Struct, frozen=True):
    """A fault of the charts. env: its variables with their defaults. permissions: number of the set that its account needs."""

    chart: str
    scope: str
    env: dict[str, str]
    permissions: int


class _Table(msgspec.Struct, frozen=True):
    origin: str
    permissions: list[list[str]]
    faults: dict[str, LitmusKnown]


class Needed(msgspec.Struct, frozen=True):
    """Verbs on a resource of an API group."""

    group: str
    resource: str
    verbs: tuple[str, ...]


_NEEDED = re.compile(r"([^/]*)/([^:]+): (.+)")


@cache
def _table() -> _Table:
    text = (Path(__file__).parent / "data" / "litmus-faults.json").read_bytes()
    return forms.decode(text, _Table)


def litmus_known() -> dict[str, LitmusKnown]:
    """Fault → what it takes."""
    return _table().faults


@cache
def needed(fault: str) -> tuple[Needed, ...]:
    """The permissions that the service account of a fault needs; none for a fault that we do not know."""
    known = _table().faults.get(fault)
    found = (_NEEDED.fullmatch(line) for line in (_table().permissions[known.permissions] if known else ()))
    return tuple(Needed(one[1], one[2], tuple(one[3].split())) for one in found if one is not None)
