"""What the API server takes, check takes, and what it refuses, check refuses: a sample of the campaign (`make agreement`)."""

from pathlib import Path

from aichaos.files import yaml
from aichaos.files.plain import merged

from .compare import Judged, judged, server_verdicts
from .mutate import Manifest, campaign, families, valid
from .report import page
from .server import Server, Verdict

SEED, COUNT = 300, 300
TABLE = Path(__file__).parents[1] / "check" / "admission" / "builtin.yaml"


def told(apart: list[Judged]) -> list[tuple[str, str, str, list[str]]]:
    """What there is to read when a test fails."""
    return [(one.manifest.text, one.manifest.mutation, one.server.message, [finding.message for finding in one.ours]) for one in apart]


def test_the_valid_documents_are_valid_to_both(server: Server) -> None:
    manifests = list(valid())
    both = judged(manifests, server_verdicts(server, manifests))
    assert len(families()) >= 12
    assert len(both) == len(manifests)
    assert told([one for one in both if not one.server.accepted or one.refused]) == []


def test_both_agree_on_documents_made_wrong_by_chance(server: Server) -> None:
    manifests = campaign(SEED, COUNT)
    both = judged(manifests, server_verdicts(server, manifests))
    assert sum(not one.server.accepted for one in both) > COUNT // 3
    assert sum(bool(one.server.accepted) for one in both) > COUNT // 5
    assert told([one for one in both if not one.agrees]) == []


def test_a_seed_makes_the_same_manifests_again() -> None:
    assert campaign(5, 40) == campaign(5, 40)
    assert campaign(5, 40) != campaign(6, 40)


def test_the_page_lists_every_disagreement_with_both_sides() -> None:
    manifest = Manifest("services", "port", "kind: Service\n")
    text = page([Judged(manifest, Verdict(False, 422, "no such port"), ())], seed=9, asked=1, took=1.0)
    assert "| seed | 9 |" in text
    assert "### services, port" in text
    assert "- the server: no such port\n- check: finds no error\n- why: not known yet" in text


def test_the_table_of_built_in_validation_is_what_the_server_says(server: Server) -> None:
    table = yaml.load(TABLE.read_text(encoding="utf-8"), TABLE.name)[0]
    manifests = [
        Manifest("services", str(row["path"]), yaml.dump(merged(table["bases"][row["kind"]], row["change"]))) for row in table["refused"]
    ]
    verdicts = server_verdicts(server, manifests)
    wrong = [
        manifest.text
        for manifest, verdict in zip(manifests, verdicts, strict=True)
        if verdict.accepted is not (manifest.mutation == "None")
    ]
    assert wrong == []
