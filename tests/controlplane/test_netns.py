"""The tests' network: every pod address is here, and nothing else is anywhere."""

import socket
import subprocess
import sys

import pytest

from .netns import API_SERVER_ADDRESS, isolate


@pytest.fixture(autouse=True)
def isolated() -> None:
    """Skips where there is no network namespace; a plugin that starts a thread too early is no reason, it would skip every real server."""
    reason = isolate()
    assert "thread" not in (reason or ""), reason
    if reason is not None:
        pytest.skip(reason)


def test_one_server_answers_for_every_address_and_knows_which_was_meant() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        for address in ("10.244.3.7", "10.244.255.1", API_SERVER_ADDRESS, "127.0.0.1"):
            with socket.create_connection((address, server.getsockname()[1]), timeout=5):
                connection, _ = server.accept()
                with connection:
                    assert connection.getsockname()[0] == address


def test_the_outside_is_out_of_reach() -> None:
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("198.51.100.1", 80), timeout=5)


def test_a_child_process_stays_in_the_same_network() -> None:
    program = "import os; print(os.stat('/proc/self/ns/net').st_ino); from tests.controlplane.netns import isolate; print(isolate())"
    inode_before_and_reason = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    here = subprocess.run(["stat", "-Lc", "%i", "/proc/self/ns/net"], capture_output=True, text=True, check=True).stdout.strip()
    assert inode_before_and_reason == [here, "None"]
