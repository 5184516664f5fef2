"""The schemas that come along are those of the API server and of the definitions that the test cluster pins."""

from typing import Literal

import pytest

from aichaos.check.documents import review
from aichaos.check.schema.bundle import FOLDER
from aichaos.domain.policy import Policy
from tests.check.schema.told import findings
from tests.controlplane import crds
from tests.controlplane.cache import Missing, locate
from tests.controlplane.client import ControlPlane
from tools.make_schemas import made, stale

MOST = 400_000
"""Bytes of all files together."""


def test_no_file_is_stale(controlplane: ControlPlane) -> None:
    found = locate("crds", "gateway-api")
    if isinstance(found, Missing):
        pytest.skip(f"no definitions to compare with: {found.reason}")
    folders = found.crd_folders()
    assert stale(made(controlplane, lambda name: crds.read(folders[name]))) == [], "make schemas writes them again"


def test_the_data_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.json")) < MOST


def test_a_known_version_without_a_schema_is_said_to_be_unchecked() -> None:
    [found] = findings("{apiVersion: gateway.networking.k8s.io/v1alpha1, kind: ListenerSet, metadata: {name: a}, spec: {}}")
    assert (found.rule, found.severity, found.path) == ("schema/not-checked", "skipped", "/kind")


def test_a_field_of_the_experimental_channel_alone_is_a_note() -> None:
    route = "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: a}, spec: {useDefaultGateways: All}}"
    [found] = findings(f"{route}\n---\n{route.replace('useDefaultGateways: All', '')}")
    assert (found.rule, found.severity, found.path) == ("schema/experimental", "info", "/spec/useDefaultGateways")


def test_the_channel_that_the_policy_names_decides_what_an_experimental_field_and_kind_are() -> None:
    route = "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: a}, spec: {rules: [{retry: {attempts: 1}}]}}"
    kind = "{apiVersion: gateway.networking.x-k8s.io/v1alpha1, kind: XMesh, metadata: {name: a}, spec: {controllerName: a.example/b}}"

    def found(channel: Literal["standard", "experimental"] | None) -> list[tuple[str, str]]:
        return [(one.rule, one.severity) for one in review([("a", f"{route}\n---\n{kind}")], None, Policy(gateway_api=channel)).findings]

    assert found("standard") == [("schema/unknown-field", "error"), ("kind/unknown", "error")]
    assert found("experimental") == []
    assert found(None) == [("schema/experimental", "info")]


def test_of_two_policies_the_narrower_channel_counts() -> None:
    wide, narrow = Policy(gateway_api="experimental"), Policy(gateway_api="standard")
    assert [wide.within(narrow).gateway_api, narrow.within(wide).gateway_api, Policy().within(wide).gateway_api] == [
        "standard",
        "standard",
        "experimental",
    ]
