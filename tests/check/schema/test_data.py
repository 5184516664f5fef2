"""The schemas that come along are those of the API server and of the definitions that the test cluster pins."""

import pytest

from aichaos.check.schema.bundle import FOLDER
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
