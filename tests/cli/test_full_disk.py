"""A disk that is really full: a file system of 64 kB, mounted in a namespace of the process that fills it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import environment

# Mounts a small tmpfs over FOLDER, for this process and its children alone, then becomes the program. The ids are mapped to
# themselves: a user who is not root needs a user namespace for the mount, and then is nobody in it.
_ON_A_SMALL_DISK = """
import ctypes, os, sys
NEWNS, NEWUSER = 0x00020000, 0x10000000
libc = ctypes.CDLL(None, use_errno=True)
uid, gid = os.getuid(), os.getgid()
if libc.unshare(NEWNS) and libc.unshare(NEWNS | NEWUSER):
    sys.exit("no namespace here: " + os.strerror(ctypes.get_errno()))
if os.getuid() != uid:
    open("/proc/self/setgroups", "w").write("deny")
    open("/proc/self/uid_map", "w").write(f"0 {uid} 1")
    open("/proc/self/gid_map", "w").write(f"0 {gid} 1")
if libc.mount(None, b"/", None, 0x44000, None):  # MS_REC | MS_PRIVATE
    sys.exit("cannot make mounts private: " + os.strerror(ctypes.get_errno()))
folder, size, *command = sys.argv[1:]
if libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, f"size={size}".encode()):
    sys.exit("no small disk here: " + os.strerror(ctypes.get_errno()))
done = os.spawnv(os.P_WAIT, command[0], command)
print("left:", *sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names))
sys.exit(done)
"""


@pytest.mark.parametrize("size", ["4k", "8k", "16k"])
def test_a_full_disk_is_one_line_and_leaves_no_half_file(size: str, tmp_path: Path) -> None:
    out = tmp_path / "chaos"
    out.mkdir()
    program = [sys.executable, "-m", "aichaos", "suggest", "--from", "demo:route-chaos", "--out", str(out), "-o", "json"]
    command = [sys.executable, "-c", _ON_A_SMALL_DISK, str(out), size, *program]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(tmp_path / "home"), check=False)
    if "here:" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 1, done
    assert "No space left on device" in done.stderr
    assert "The disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert ".part" not in done.stdout
