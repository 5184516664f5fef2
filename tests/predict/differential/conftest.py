"""The namespaces of the sets: two whose names sort apart from the names joined with a slash, and one whose Services only some may use."""

from collections.abc import Iterator

import pytest

from tests.controlplane.client import ControlPlane


@pytest.fixture(scope="module")
def namespaces(controlplane: ControlPlane) -> Iterator[tuple[str, str, str]]:
    with controlplane.namespace() as one, controlplane.namespace(f"{one}-b") as other, controlplane.namespace() as theirs:
        yield one, other, theirs
