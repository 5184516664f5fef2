"""Sets of custom resource definitions: reading them from a folder, and where the API serves what they define."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

COLLECTION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1"

# Its CRDs contain those of the other, so that one counts as installed when this one is.
SUPERSETS = {
    "gateway-api": "gateway-api-experimental",
    "gateway-api-newest": "gateway-api-newest-experimental",
}


def read(folder: Path) -> list[dict[str, Any]]:
    """All definitions of a set. JSON is YAML; some files begin with an empty document."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(folder.iterdir())]
    return [crd for text in texts for crd in yaml.load_all(text, yaml.CSafeLoader) if crd]


def served(crd: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """For each served version: the path of its API group, and the name of the resource in there."""
    spec = crd["spec"]
    for version in spec["versions"]:
        if version["served"]:
            yield f"/apis/{spec['group']}/{version['name']}", spec["names"]["plural"]
