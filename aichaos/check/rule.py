"""What a rule is: a name that stays, the layer that it belongs to, how much it matters, and one sentence."""

import msgspec

from aichaos.domain.finding import Layer, Severity


class Rule(msgspec.Struct, frozen=True):
    """`intendable`: an experiment may declare this finding to be its very fault. What protects people never is."""

    name: str
    layer: Layer
    severity: Severity
    summary: str
    intendable: bool = False
