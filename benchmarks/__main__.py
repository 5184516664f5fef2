"""All benchmarks, as the page that is kept: `python -m benchmarks [--write FILE]`."""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import asking, checking, injecting, large, policies, routing, startup

_PACKAGES = ("click", "kubernetes", "msgspec", "pyyaml", "urllib3")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--write", metavar="FILE", type=Path, help="write the page there, too")
    options = parser.parse_args()
    parts = (_head, _collecting, _starting, _large, _asking, _checking, _routing, _policies, _injecting)
    page = "\n\n".join("\n".join(part()) for part in parts) + "\n"
    print(page)
    if options.write is not None:
        options.write.write_text(page, encoding="utf-8")
    return 0


def _asking() -> list[str]:
    measured = asking.measure()
    return [
        "## Around a model",
        "",
        "On one core. Goals: 100 MB/s of redaction of a cluster's YAML, 5 MB/s of prose and fences. A secret found costs about 20 µs.",
        "",
        "| What | MB/s |",
        "|---|--:|",
        f"| secrets and e-mail addresses found in 20 MB of YAML, google-re2 | {measured['redact']:.0f} |",
        f"| the same where every line holds a secret, 1 MB | {measured['redact secrets']:.1f} |",
        f"| the same shapes with Python's `re`, on 0.1 MB | {measured['re']:.1f} |",
        f"| an answer of prose and fences, cut into its pieces | {measured['cut']:.0f} |",
        f"| the same, read: every command line judged | {measured['read prose']:.0f} |",
        f"| answers that models wrote, read, their YAML included | {measured['read replies']:.1f} |",
        "",
        "`python -m benchmarks.asking`",
    ]


def _routing() -> list[str]:
    return [
        "## Routing",
        "",
        "Goals: 10,000 routes compiled in 1 s, 20,000 answers a second, ten steps in 0.5 s, 1,000 bytes a rule. Seconds are those of one",
        "core, so that what else the machine does counts for nothing; here and for NetworkPolicies.",
        "",
        *routing.table(routing.measure()),
        "",
        "`python -m benchmarks.routing`",
    ]


def _policies() -> list[str]:
    return ["## NetworkPolicies", "", *policies.table(policies.measure()), "", "`python -m benchmarks.policies`"]


def _injecting() -> list[str]:
    return [
        "## Chaos inside a model",
        "",
        f"What a call through `aichaos.inject` costs. Goal: within {injecting.GOAL:.0f} ns of the bare call where chaos is off.",
        "",
        *injecting.table(injecting.measure()),
        "",
        "`python -m benchmarks.injecting`",
    ]


def _head() -> list[str]:
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return [
        "# Benchmarks",
        "",
        "Written by `make bench`. Every figure stands beside its alternative, measured in the same run on the same machine.",
        "",
        f"Machine: {_processor()}, {os.cpu_count()} CPUs, {platform.system()} {platform.machine()}. Date: {today}.",
        f"Python {platform.python_version()}, {versions}.",
    ]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor() or "unknown processor")


def _collecting() -> list[str]:
    """In processes of their own, so that nothing that was imported here counts as memory there."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.collect", "--json"], capture_output=True, text=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    size = measured["cluster"]
    names = [name for name in measured if isinstance(measured[name], dict) and "peak_mb" in measured[name]]
    rows = [f"| {name} | {measured[name]['seconds']:.2f} | {measured[name]['peak_mb']:.0f} | {_ratios(measured[name])} |" for name in names]
    return [
        "## Collecting a large cluster",
        "",
        f"{size['httproutes']:,} HTTPRoutes, {size['services']:,} Services and {size['pods']:,} Pods, {size['mb']:.0f} MB of JSON, from a",
        "local server: `aichaos` collecting (all of `observe`), and the official Python client's typed lists. The clock runs without the",
        "imports; the memory is the whole process's highest. Goal: 50 times faster, a tenth of the memory.",
        "",
        "| Who | Seconds | Peak MB | Against aichaos |",
        "|---|--:|--:|---|",
        *rows,
        "",
        "`python -m benchmarks.collect`",
    ]


def _ratios(one: dict[str, Any]) -> str:
    return f"{one['times_faster']:.0f} times slower, {one['times_less_memory']:.1f} times the memory" if "times_faster" in one else "1"


def _starting() -> list[str]:
    return ["## Starting", "", *startup.table(startup.measure(15)), "", "`python -m benchmarks.startup`"]


def _large() -> list[str]:
    return ["## A large cluster, offline", "", *large.table(large.measure(5)), "", "`python -m benchmarks.large`"]


def _checking() -> list[str]:
    return [
        "## Checking manifests",
        "",
        "HTTPRoutes of 33 lines, on one core; kubeconform with the same schema and one worker, its start taken off. The folder holds",
        "Deployments, Services, HTTPRoutes and NetworkChaos in equal parts; the API server is that of the tests, on the same machine.",
        "",
        *checking.table(checking.measure(5)),
        "",
        "`python -m benchmarks.checking`",
    ]


if __name__ == "__main__":
    sys.exit(main())
