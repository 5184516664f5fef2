"""The oracle: skipped where it is not built."""

from pathlib import Path

import pytest

from tests.controlplane.cache import Missing, locate


@pytest.fixture(scope="session")
def oracle() -> Path:
    """The program that asks the API server's own libraries."""
    found = locate("oracle")
    if isinstance(found, Missing):
        pytest.skip(f"nothing to ask: {found.reason}")
    return found.programs["oracle"]
