"""One thing that a manifest, or a patch of one, can do beside what it seems to: the value that `powers` finds."""

from typing import Any, Literal

import msgspec

from aichaos.files.plain import pointer

Manifest = dict[str, Any]
Way = tuple[str | int, ...]
_Rule = Literal["policy/shell", "policy/privileged", "policy/power"]


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """way: where in the manifest. word: what a policy allows it by. there: whether it is no news in an object that has it already."""

    way: Way
    word: str
    rule: _Rule
    why: str
    value: Any = None
    there: bool = False

    @property
    def path(self) -> str:
        """As a JSON pointer."""
        return pointer(*self.way)


def command(way: Way, value: Any) -> Power:
    why = "a container with a command of its own: what it does there is not limited to a fault"
    return Power(way=way, word="command", rule="policy/shell", why=why, value=value, there=True)


def secret(way: Way, value: Any) -> Power:
    why = "it gives a Secret, or a token of the cluster, to a container"
    return Power(way=way, word="Secret", rule="policy/power", why=why, value=value, there=True)
