"""What the API server says of a CustomResourceDefinition, check says: a sample of `make definitions`."""

from pathlib import Path

from aichaos.files import yaml
from tests.controlplane.cache import Missing, locate
from tests.controlplane.recipe import CHAOS_MESH

from .compare import Judged
from .definitions import MADE, campaign, definitions, judged, open_to_doubt
from .mutate import Manifest
from .server import Server

SEED, COUNT = 300, 60


def told(apart: list[Judged]) -> list[tuple[str, str, str, list[str]]]:
    return [(one.manifest.text, one.manifest.mutation, one.server.message, [finding.message for finding in one.ours]) for one in apart]


def test_definitions_made_for_the_purpose_are_valid_to_both(server: Server) -> None:
    made = yaml.load(MADE.read_text(encoding="utf-8"), Path(MADE).name)
    both = judged(server, [Manifest(each["metadata"]["name"], "none", yaml.dump(each)) for each in made])
    assert len(both) == len(made) >= 2
    assert told([one for one in both if not one.server.accepted or one.refused]) == []


def test_both_agree_on_definitions_made_wrong_by_chance(server: Server) -> None:
    found = locate(*CHAOS_MESH)
    assert not isinstance(found, Missing)
    both = judged(server, list(campaign(definitions(found), SEED, COUNT)))
    assert sum(not one.server.accepted for one in both) > COUNT // 4
    assert sum(bool(one.server.accepted) for one in both) > COUNT // 5
    assert told([one for one in both if not one.agrees and not open_to_doubt(one)]) == []
