"""What `aichaos recover` says on a terminal."""

import io
import sys

import pytest

from aichaos.cli.recover import _say


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_said_fits_and_what_is_typed_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    command = "kubectl delete httproutes.gateway.networking.k8s.io/my-route-v3 -n shop"
    for line in (
        "  HTTPRoute/shop/my-route-v3: the server refuses to delete it",
        f"    {command}",
        "  Then, or once the cause is gone: `aichaos recover my-run-1126`",
    ):
        _say(line)
    assert screen.getvalue().splitlines() == [
        "  HTTPRoute/shop/my-route-v3: the server",
        "  refuses to delete it",
        f"    {command}",
        "  Then, or once the cause is gone:",
        "  `aichaos recover my-run-1126`",
    ]
