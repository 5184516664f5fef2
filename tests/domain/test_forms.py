"""Types are made known to msgspec by one thread at a time: two at once crash the process."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
AT_ONCE = """
import sys, threading
import msgspec
from aichaos.domain import forms

sys.setswitchinterval(1e-6)

def fresh():
    class Inner(msgspec.Struct, frozen=True):
        allowed: bool = False
        more: "list[int]" = []
    class Outer(msgspec.Struct, frozen=True):
        a: str = ""
        status: Inner = Inner()
    return Outer

for _ in range(200):
    kind, ready, found = fresh(), threading.Barrier(8), []
    def use():
        ready.wait()
        found.append(forms.decode(b'{"a": "x", "status": {"allowed": true, "more": [1]}}', kind).status.more)
    threads = [threading.Thread(target=use) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [[1]] * 8
"""
BESIDE = re.compile(r"msgspec\.convert\(|json\.Decoder\(|json\.decode\(.*type=")


def test_a_type_may_be_used_by_many_threads_at_once_for_the_first_time() -> None:
    done = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_nobody_asks_msgspec_beside_it() -> None:
    sources = [path for folder in ("aichaos", "backends") for path in (ROOT / folder).rglob("*.py") if path.name != "forms.py"]
    assert [str(path) for path in sources if BESIDE.search(path.read_text(encoding="utf-8"))] == []
