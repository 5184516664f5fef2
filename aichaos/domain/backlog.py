"""What to improve, from what runs have shown."""

from typing import Literal, TypeAlias

import msgspec

Priority: TypeAlias = Literal["high", "medium", "low"]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do. why: what was seen that asks for it. origins: the runs that showed it. experiment: its name."""

    priority: Priority
    text: str
    why: str
    experiment: str
    origins: list[str]


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """items: the weightiest first. missing: what could not be read of the runs."""

    runs: list[str]
    items: list[Item]
    missing: list[str]
