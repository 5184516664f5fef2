"""PhysicalMachineChaos: sizes as the webhook reads them, answers of the real one."""

import pytest

from aichaos.check.documents import review

FAULT = """
apiVersion: chaos-mesh.org/v1alpha1
kind: PhysicalMachineChaos
metadata: {name: read, namespace: shop}
spec:
  {action: disk-read-payload, mode: one, duration: 30s, address: [10.0.0.1],
   disk-read-payload: {size: "%s", path: /dev/sda, payload-process-num: 1}}
"""


def refused(size: str) -> bool:
    found = review([("fault.yaml", FAULT % size)], None).findings
    return any(one.rule == "admission/invalid" and one.path == "/spec/disk-read-payload/size" for one in found)


@pytest.mark.parametrize("size", ["256MB", "1GiB", "1E", "5c", "1KB2MB", "8EiB"])
def test_sizes_that_the_webhook_takes(size: str) -> None:
    assert not refused(size)


@pytest.mark.parametrize("size", ["1", "MB", "99999999999E", "9EiB", "99999999999999999999B"])
def test_sizes_that_it_refuses(size: str) -> None:
    assert refused(size)
