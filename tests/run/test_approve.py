"""An approval covers what was reviewed, and nothing else."""

import ast
import datetime
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.errors import FileError, UsageError
from aichaos.run import approve
from aichaos.run.approve import Approved, Limits, Permit, as_it_is, objections, permit, read, sign, spec_digest, text, unsigned
from tests.run.plans import plan
from tests.run.scene import deployment, planned, route

NOW = datetime.datetime(2026, 11, 25, 12, 0, tzinfo=datetime.UTC)
LIMITS = Limits(namespaces=("shop",), pods=2, share=0.5, routes=("shop/web",), deadline=300.0)
OBJECTS = (Approved(object="HTTPRoute/shop/web", uid="u1", spec="sha256:a"), Approved(object="HTTPRoute/shop/rival"))


def given(**changes: Any) -> Permit:
    made = permit(plan(), OBJECTS, LIMITS, lasts=datetime.timedelta(hours=1), uses=1, why="game day", now=NOW)
    return msgspec.structs.replace(made, **changes)


def said(permit: Permit, objects: tuple[Approved, ...] = OBJECTS, limits: Limits = LIMITS, used: int = 0, **changes: Any) -> list[str]:
    later = NOW + datetime.timedelta(minutes=changes.pop("minutes", 10))
    return [name for name, _ in objections(permit, plan(**changes), objects, limits, used, later)]


def test_what_was_reviewed_is_covered() -> None:
    assert said(given()) == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"digest": "sha256:2"}, "approval-experiment"),
        ({"experiment": "other", "digest": "sha256:2"}, "approval-experiment"),
        ({"cluster": "uid-2"}, "approval-cluster"),
        ({"lever": "mine/lever"}, "approval-lever"),
        ({"minutes": 61}, "approval-expired"),
        ({"minutes": -30}, "approval-clock"),
        ({"used": 1}, "approval-used"),
        ({"limits": msgspec.structs.replace(LIMITS, pods=3)}, "approval-limits"),
        ({"limits": msgspec.structs.replace(LIMITS, routes=("shop/web", "shop/other"))}, "approval-limits"),
    ],
)
def test_anything_else_is_not(changes: dict[str, Any], name: str) -> None:
    assert said(given(), **changes) == [name]


def test_an_approval_for_another_lever_is_for_that_one_alone() -> None:
    """Its uses are counted beside it: whoever could choose another one would count from nothing again."""
    elsewhere = permit(plan(lever="team/lever"), OBJECTS, LIMITS, lasts=datetime.timedelta(hours=1), uses=1, why="", now=NOW)
    assert said(elsewhere, lever="team/lever") == []
    assert said(elsewhere) == ["approval-lever"]


def test_an_approval_may_be_for_several_runs() -> None:
    assert said(given(uses=3), used=2) == []
    assert said(given(uses=3), used=3) == ["approval-used"]


AGAIN = (msgspec.structs.replace(OBJECTS[0], remade=True), OBJECTS[1])
"""The first of the objects is deleted and made again by each run."""


def test_for_several_runs_what_each_makes_again_is_known_by_its_name_and_its_spec() -> None:
    series = permit(plan(), AGAIN, LIMITS, lasts=datetime.timedelta(hours=1), uses=3, why="", now=NOW)
    other = msgspec.structs.replace(AGAIN[0], uid="u2")
    assert said(series, (other, OBJECTS[1])) == []
    assert said(series, (msgspec.structs.replace(other, spec="sha256:b"), OBJECTS[1])) == ["approval-drift"]
    assert said(series, (Approved(object=other.object), OBJECTS[1])) == ["approval-drift"], "it is gone"
    assert said(series, (other, Approved(object="HTTPRoute/shop/rival", uid="u9"))) == ["approval-drift"], "another one is there"
    single = permit(plan(), AGAIN, LIMITS, lasts=datetime.timedelta(hours=1), uses=1, why="", now=NOW)
    assert said(single, (other, OBJECTS[1])) == ["approval-drift"], "between the review and a single run nothing of ours makes it again"


def test_the_objects_that_a_run_makes_again_are_found_in_its_plan() -> None:
    steps = (
        "[{delete: {kind: HTTPRoute, name: web, namespace: shop}}, {scale: {kind: Deployment, name: web, namespace: shop, replicas: 0}}]"
    )
    made = planned(steps, route("web"), deployment())
    assert {one.object: one.remade for one in made.objects} == {"Deployment/shop/web": False, "HTTPRoute/shop/web": True}


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ((Approved(object="HTTPRoute/shop/web", uid="u2", spec="sha256:a"), OBJECTS[1]), "HTTPRoute/shop/web was made again"),
        ((Approved(object="HTTPRoute/shop/web", uid="u1", spec="sha256:b"), OBJECTS[1]), "HTTPRoute/shop/web was changed"),
        ((Approved(object="HTTPRoute/shop/web"), OBJECTS[1]), "HTTPRoute/shop/web is gone"),
        ((OBJECTS[0], Approved(object="HTTPRoute/shop/rival", uid="u9")), "HTTPRoute/shop/rival is there now"),
        ((*OBJECTS, Approved(object="HTTPRoute/shop/third", uid="u3")), "HTTPRoute/shop/third was not reviewed"),
    ],
)
def test_an_object_that_drifted_is_named(objects: tuple[Approved, ...], told: str) -> None:
    ((name, message),) = objections(given(), plan(), objects, LIMITS, 0, NOW)
    assert (name, told in message) == ("approval-drift", True)


def test_what_the_server_and_controllers_keep_in_an_object_is_no_drift() -> None:
    obj = {"kind": "Deployment", "metadata": {"name": "web", "uid": "1", "resourceVersion": "5", "generation": 1}, "spec": {"replicas": 2}}
    status = {"readyReplicas": 2}
    churned = obj | {"metadata": {**obj["metadata"], "resourceVersion": "9", "managedFields": []}, "status": status}  # type: ignore[dict-item]
    assert spec_digest(obj) == spec_digest(churned)
    assert spec_digest(obj) != spec_digest(obj | {"spec": {"replicas": 3}})
    assert as_it_is("Deployment/shop/web", None).uid == ""


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text("k" * 44)
    return path


def test_a_file_is_read_as_it_was_written(tmp_path: Path, key: Path) -> None:
    path = tmp_path / "approval.yaml"
    path.write_text(text(sign(given(), key)))
    again = read(path)
    assert again == sign(again, key)
    assert unsigned(again, key, None) == ""


def test_a_changed_approval_and_another_key_are_found_out(tmp_path: Path, key: Path) -> None:
    signed = sign(given(), key)
    assert "was changed" in unsigned(msgspec.structs.replace(signed, uses=9), key, None)
    other = tmp_path / "other"
    other.write_text("o" * 44)
    assert "not by this key" in unsigned(signed, other, None)
    assert "not signed" in unsigned(given(), key, None)
    assert "--approval-key" in unsigned(signed, None, None)


@pytest.mark.parametrize("content", ["", "kind: Approval", "[]", "- 1", "a: b", "kind: Approval\nuses: many", "\tx"])
def test_what_is_no_approval_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "approval.yaml"
    path.write_text(content)
    with pytest.raises(FileError, match="is no approval") as refused:
        read(path)
    assert "aichaos approve" in refused.value.hint


def test_a_key_that_is_too_short_or_absent_is_refused(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("secret")
    for path in (short, tmp_path / "none", tmp_path):
        with pytest.raises(FileError):
            sign(given(), path)


def test_an_approval_for_no_run_is_none() -> None:
    for uses, hours in ((0, 1), (1, 0), (-1, 1)):
        with pytest.raises(UsageError):
            permit(plan(), OBJECTS, LIMITS, lasts=datetime.timedelta(hours=hours), uses=uses, why="", now=NOW)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen here")
def test_an_ssh_signature_is_looked_up_among_the_allowed_signers(tmp_path: Path) -> None:
    for name in ("anna", "eve"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    signers = tmp_path / "allowed"
    signers.write_text(f"anna {(tmp_path / 'anna.pub').read_text()}")
    signed = sign(given(), tmp_path / "anna", by="anna")
    assert unsigned(signed, None, signers) == ""
    assert "no allowed signer" in unsigned(msgspec.structs.replace(signed, uses=2), None, signers)
    assert "no allowed signer" in unsigned(sign(given(), tmp_path / "eve", by="eve"), None, signers)
    assert "no allowed signer" in unsigned(sign(given(), tmp_path / "eve", by="anna"), None, signers)
    assert "names nobody" in unsigned(sign(given(), tmp_path / "eve", by="-fx"), None, signers)
    assert "--allowed-signers" in unsigned(signed, None, None)
    with pytest.raises(FileError):
        unsigned(signed, None, tmp_path / "none")


def test_nothing_but_this_module_makes_an_approval() -> None:
    root = Path(approve.__file__).parents[1]
    calls = {
        (path.relative_to(root).as_posix(), node.func.id)
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert {path for path, name in calls if name == "Approval"} == {"run/approve.py"}
