"""What a start costs: `aichaos --help` beside an empty Python and beside click alone, and `suggest` on the talk's cluster.

    python -m benchmarks.startup [--json] [--runs N]

Every command is a whole process, timed from outside, all of them in turn in each round, so that a machine that slows down slows all.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
LIMITS = {"aichaos --help": 6.0}
"""Times `python -c pass`."""


def commands() -> dict[str, list[str]]:
    program = str(BIN / "aichaos")
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -c 'import click'": [sys.executable, "-c", "import click"],
        "aichaos --help": [program, "--help"],
        "aichaos suggest --from demo:route-chaos --no-save": [program, "suggest", "--from", "demo:route-chaos", "--no-save"],
        "aichaos suggest --from demo:route-chaos": [program, "suggest", "--from", "demo:route-chaos"],
        "reading demo:route-chaos and the library": [sys.executable, "-c", _READING],
    }


_READING = """
import time
from aichaos.library.shelf import scenarios
from aichaos.observe.source import Choice, take
start = time.perf_counter()
take(Choice(origin="demo:route-chaos"))
scenarios()
print(time.perf_counter() - start)
"""


def measure(runs: int) -> dict[str, float]:
    """Median seconds a command; for the reading, what it measured itself, without the start of Python."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    taken: dict[str, list[float]] = {name: [] for name in commands()}
    with tempfile.TemporaryDirectory() as folder:
        for round_number in range(runs + 1):
            for name, command in commands().items():
                start = time.perf_counter()
                done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=True)
                seconds = float(done.stdout) if name.startswith("reading") else time.perf_counter() - start
                if round_number:  # the first round only warms up and writes the bytecode
                    taken[name].append(seconds)
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    measured = measure(options.runs)
    if options.json:
        print(json.dumps(measured, indent=2))
        return 0
    print("\n".join(table(measured)))
    return 0


def table(measured: dict[str, float]) -> list[str]:
    bare, help_time = measured["python -c pass"], measured["aichaos --help"]
    lines = ["| Command | Median | Times an empty Python |", "|---|--:|--:|"]
    lines += [f"| `{name}` | {seconds * 1000:.0f} ms | {seconds / bare:.1f} |" for name, seconds in measured.items()]
    suggest = measured["aichaos suggest --from demo:route-chaos --no-save"] - measured["reading demo:route-chaos and the library"]
    return [*lines, "", f"`suggest` less the reading is {suggest / help_time:.2f} times `--help` (goal: 2)."]


if __name__ == "__main__":
    sys.exit(main())
