"""Counts of a quota that 64 bits don't hold, with the answers of a real API server (1.35)."""

import pytest

from aichaos.check.documents import review

QUOTA = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: a, namespace: b}\nspec: {hard: {pods: %s}}\n"
TAKEN = ("1E", "99999999999E", "10P", "9224P", "8Ei", "1e19", "1e30", "9223372036854775", "9223372036854775807", "8Pi", "8193Pi", "1001P")
REFUSED = ("1Ei", "7Ei", "9223372036854776", "9Pi", "1.5", "9300000000000000", "12345678901234567890", "1Zi")


def refused(count: str) -> bool:
    found = review([("quota.yaml", QUOTA % count), ("text.yaml", QUOTA % f'"{count}"')], None).findings
    return {"quota.yaml", "text.yaml"} == {one.file for one in found if one.severity == "error"}


@pytest.mark.parametrize("count", TAKEN)
def test_counts_that_the_server_takes(count: str) -> None:
    assert review([("quota.yaml", QUOTA % f'"{count}"')], None).findings == []


@pytest.mark.parametrize("count", REFUSED)
def test_counts_that_it_refuses(count: str) -> None:
    assert refused(count)
