"""The table of kinds, the fields of a snapshot, and label selectors."""

import msgspec
import pytest

from aichaos.domain.base import LabelSelector, LabelSelectorRequirement, ObjectRef, reference, reference_of, selects
from aichaos.domain.kinds import BY_NAME, KINDS, Kind, kind_of
from aichaos.domain.snapshot import Snapshot, Source

EMPTY = Snapshot(source=Source(kind="file", cluster="test"))
OURS = {"api_version", "source", "versions", "gaps", "engines", "others", "secrets"}
"""Fields of a snapshot that are no row of the table: Secrets are read by name and type alone."""


def test_every_kind_has_a_field_and_every_field_a_kind() -> None:
    fields = {field.name for field in msgspec.structs.fields(Snapshot)} - OURS
    assert {kind.field for kind in KINDS} == fields
    assert len(BY_NAME) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_field_of_a_kind_holds_objects_of_that_kind(kind: Kind) -> None:
    (field,) = (field for field in msgspec.structs.fields(Snapshot) if field.name == kind.field)
    assert field.type == list[kind.type]  # type: ignore[name-defined]
    assert EMPTY.of(kind.name) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_found_in_every_version_and_in_its_own_group_alone(kind: Kind) -> None:
    for version in (*kind.versions, "v99"):
        assert kind_of(kind.api_version(version), kind.name) is kind
    assert kind_of("example.com/v1", kind.name) is None


def test_a_kind_that_nobody_holds_has_no_objects() -> None:
    assert EMPTY.of("Unicorn") == []
    assert kind_of("v1", "Unicorn") is None


@pytest.mark.parametrize("manifest", [{}, {"metadata": None}, {"kind": 3, "metadata": {"name": [], "namespace": {}}}, {"metadata": "x"}])
def test_a_reference_is_made_of_any_manifest(manifest: dict[str, object]) -> None:
    assert reference_of(manifest) == ObjectRef("", "", "")


def test_a_reference_is_written_as_people_write_it() -> None:
    assert str(ObjectRef("HTTPRoute", "web", "shop")) == "HTTPRoute/shop/web"
    assert str(ObjectRef("Node", "n1")) == "Node/n1"


def test_the_reference_of_an_object_is_that_of_its_manifest() -> None:
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}}
    assert reference(msgspec.convert(manifest, BY_NAME["Pod"].type)) == reference_of(manifest)


@pytest.mark.parametrize(
    ("operator", "values", "web", "nothing"),
    [
        ("In", ["web", "db"], True, False),
        ("In", ["db"], False, False),
        ("NotIn", ["db"], True, True),
        ("NotIn", ["web"], False, True),
        ("Exists", [], True, False),
        ("DoesNotExist", [], False, True),
        ("Unheard", ["web"], False, False),
    ],
)
def test_label_selectors(operator: str, values: list[str], web: bool, nothing: bool) -> None:
    selector = LabelSelector(match_expressions=(LabelSelectorRequirement(key="app", operator=operator, values=tuple(values)),))
    assert selects(selector, {"app": "web"}) is web
    assert selects(selector, {}) is nothing


def test_an_empty_selector_takes_everything_and_all_of_a_selector_must_hold() -> None:
    assert selects(LabelSelector(), {})
    both = LabelSelector(match_labels={"a": "1"}, match_expressions=(LabelSelectorRequirement(key="b", operator="Exists"),))
    assert not selects(both, {"a": "1"})
    assert selects(both, {"a": "1", "b": ""})
