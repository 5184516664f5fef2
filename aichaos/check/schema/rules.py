"""The CEL rules of a schema node (x-kubernetes-validations)."""

from typing import Any

from aichaos.check.schema.bundle import Node, Nodes
from aichaos.check.schema.problems import Path, Sink


class Rules:
    def run(self, value: Any, path: Path, sink: Sink) -> None:
        pass


def rules_of(of: Nodes, node: Node) -> Rules | None:
    return None
