"""The manifests of the resilience pack on the real server, and those of the lab that they are written after."""

from pathlib import Path

import pytest

from aichaos.files import yaml

from .server import Server

ROOT = Path(__file__).parents[2]
PACK = sorted((ROOT / "docs" / "examples" / "resilience").glob("*.yaml"))
LABS = ROOT / "tests" / "check" / "labs"


@pytest.mark.parametrize("path", PACK, ids=lambda path: path.stem)
def test_the_server_takes_each_document(path: Path, server: Server) -> None:
    """A strict dry run with the CRDs of Istio, Litmus and Crossplane installed: no unknown field, no other type."""
    for document in yaml.load(path.read_text(encoding="utf-8"), path.name):
        verdict = server.judge(yaml.dump(document), document, document)
        assert verdict.accepted, f"{document['kind']}: {verdict.message}"


@pytest.mark.parametrize("name", ["failover", "engine", "shadowing"])
def test_the_server_refuses_what_the_lab_had(name: str, server: Server) -> None:
    (document,) = yaml.load((LABS / f"{name}.yaml").read_text(encoding="utf-8"), name)
    assert server.judge(yaml.dump(document), document, document).accepted is False


def test_the_server_has_no_kind_of_the_labs_replication(server: Server) -> None:
    (document,) = yaml.load((LABS / "replication.yaml").read_text(encoding="utf-8"), "replication")
    assert server.judge(yaml.dump(document), document, document).status == 404
