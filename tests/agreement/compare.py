"""Both verdicts on the same texts, and where they differ."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aichaos.check.documents import review
from aichaos.domain.finding import Finding
from aichaos.errors import SyntaxProblem
from aichaos.files import yaml

from .mutate import NAMESPACE, Manifest, families
from .server import Server, Verdict

LAYERS = ("syntax", "schema", "admission")


@dataclass(frozen=True)
class Judged:
    """A manifest, the server's verdict on it, and ours."""

    manifest: Manifest
    server: Verdict
    ours: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether we say that the server would refuse it."""
        return any(one.severity == "error" for one in self.ours)

    @property
    def skipped(self) -> bool:
        """Whether we say that something could not be checked here."""
        return any(one.severity == "skipped" for one in self.ours)

    @property
    def agrees(self) -> bool:
        return self.server.accepted is not self.refused


def server_verdicts(server: Server, manifests: Iterable[Manifest]) -> list[Verdict]:
    """What the server says, in order."""
    examples = {family: documents[0] for family, documents in families().items()}
    return [server.judge(manifest.text, value_of(manifest.text), examples.get(manifest.family, _ANYTHING)) for manifest in manifests]


def our_verdict(text: str) -> tuple[Finding, ...]:
    """The findings of the layers that speak for the server."""
    return tuple(one for one in review([("manifest.yaml", text)], None).findings if one.layer in LAYERS)


def judged(manifests: Iterable[Manifest], verdicts: Iterable[Verdict]) -> list[Judged]:
    """The two sides of each manifest; those left out that no resource can be asked about."""
    pairs = zip(manifests, verdicts, strict=True)
    return [Judged(manifest, verdict, our_verdict(manifest.text)) for manifest, verdict in pairs if verdict.accepted is not None]


def value_of(text: str) -> Any:
    """The text as a value, or None where it is not YAML."""
    try:
        return next((document.value for document in yaml.read(text, "manifest.yaml")), None)
    except SyntaxProblem:
        return None


_ANYTHING = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "anything", "namespace": NAMESPACE}}
