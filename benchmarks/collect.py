"""How long it takes, and how much memory, to have a large cluster in hand: ours against the official client's typed lists.

    python -m benchmarks.collect [--json] [--runs N] [--page N]

A server in a process of its own (`big_cluster`) answers both with the same prepared bytes. Each contender runs in a fresh process, which
imports everything first; the clock runs while it collects. Memory is the highest resident size of that process from start to
end (VmHWM), interpreter and imports included.

The official client: `CoreV1Api.list_pod_for_all_namespaces` and `list_service_for_all_namespaces` return models; for custom resources it
has no models, so HTTPRoutes come from `CustomObjectsApi.list_cluster_custom_object` as plain dicts, which is faster than models
would be. Once it is called as its documentation does, for whole lists, and once with our page size (`_continue`), which spares it
memory. Ours is all of `observe`: the login, discovery, and the lists of every other kind, too.

Nobody compresses here: the official client never asks for it, and we do not on the loopback interface.
"""

import argparse
import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.big_cluster import PODS, ROUTES, SERVICES

OURS, OFFICIAL, PAGED = "aichaos observe", "official client", "official, paged"


class Measured(msgspec.Struct):
    """seconds: of collecting alone. peak_mb: of the whole process, in 10^6 bytes. idle_mb: before collecting, imports done."""

    seconds: float
    peak_mb: float
    idle_mb: float
    objects: int


def main() -> int:
    options = _options()
    if options.child:
        measured = (
            _ours(options.url, options.page)
            if options.child == OURS
            else _official(options.url, options.page if options.child == PAGED else None)
        )
        print(msgspec.json.encode(measured).decode())
        return 0
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.big_cluster", str(options.delay)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        ready = json.loads(server.stdout.readline())
        try:
            _child(OURS, ready["url"], options.page)  # so that the server has made every answer
            ours = [_child(OURS, ready["url"], options.page) for _ in range(options.runs)]
            official = {who: _child(who, ready["url"], options.page) for who in (() if options.ours else (OFFICIAL, PAGED))}
        finally:
            server.stdin.close()
    _report(options, ready["bytes"], ours, official)
    return 0


def _options() -> argparse.Namespace:
    from aichaos.cluster.reader import PAGE

    parser = argparse.ArgumentParser(prog="python -m benchmarks.collect", description="Time and memory of collecting a large cluster.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--runs", type=int, default=5, help="runs of ours, of which the median counts (default 5)")
    parser.add_argument("--page", type=int, default=PAGE, help=f"objects a page, for both (default {PAGE})")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds by which every answer comes late (default 0)")
    parser.add_argument("--ours", action="store_true", help="leave the official client out: it takes half a minute")
    parser.add_argument("--child", choices=(OURS, OFFICIAL, PAGED), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    return parser.parse_args()


def _child(who: str, url: str, page: int) -> Measured:
    command = [sys.executable, "-m", "benchmarks.collect", "--child", who, "--url", url, "--page", str(page)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Measured)


def _ours(url: str, page: int) -> Measured:
    for name in ("kubernetes.client.rest", "kubernetes.config.kube_config", "tenacity", "urllib3"):
        importlib.import_module(name)  # `connect` imports them when it is called
    from aichaos.cluster.connection import connect
    from aichaos.cluster.reader import Reader
    from aichaos.observe import cluster

    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = _kubeconfig(Path(folder), url)
        idle, started = _peak_mb(), time.perf_counter()
        with connect(kubeconfig=kubeconfig) as connection:
            snapshot = cluster.look(Reader(connection, page=page))
        seconds = time.perf_counter() - started
    assert not snapshot.gaps, snapshot.gaps
    return Measured(seconds, _peak_mb(), idle, sum(snapshot.counts().values()))


def _official(url: str, page: int | None) -> Measured:
    from kubernetes import client, config

    load: Any = config.new_client_from_config  # untyped, like the generated methods' keywords
    with tempfile.TemporaryDirectory() as folder:
        api = load(_kubeconfig(Path(folder), url))
        core: Any = client.CoreV1Api(api)
        custom: Any = client.CustomObjectsApi(api)
        _ = client.V1PodList, client.V1ServiceList  # the models are imported when they are first asked for
        idle, started = _peak_mb(), time.perf_counter()
        kept: list[Any] = []
        for typed in (core.list_pod_for_all_namespaces, core.list_service_for_all_namespaces):
            more = _first(page)
            while more is not None:
                answer = typed(**more)
                kept.extend(answer.items)
                more = _next(page, answer.metadata._continue)
        more = _first(page)
        while more is not None:
            plain = custom.list_cluster_custom_object("gateway.networking.k8s.io", "v1", "httproutes", **more)
            kept.extend(plain["items"])
            more = _next(page, plain["metadata"].get("continue"))
        seconds = time.perf_counter() - started
        api.close()
    return Measured(seconds, _peak_mb(), idle, len(kept))


def _first(page: int | None) -> dict[str, Any] | None:
    return {"limit": page} if page else {}


def _next(page: int | None, token: str | None) -> dict[str, Any] | None:
    return {"limit": page, "_continue": token} if token else None


def _kubeconfig(folder: Path, url: str) -> str:
    path = folder / "kubeconfig"
    named = {"clusters": [{"name": "big", "cluster": {"server": url}}], "contexts": [{"name": "big", "context": {"cluster": "big"}}]}
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "big"} | named))
    return str(path)


def _peak_mb() -> float:
    """Not getrusage: on Linux its maximum is inherited from the process that started us."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS: bytes


def _report(options: argparse.Namespace, size: int, ours: list[Measured], official: dict[str, Measured]) -> None:
    seconds, peak = statistics.median(run.seconds for run in ours), statistics.median(run.peak_mb for run in ours)
    result: dict[str, Any] = {
        "machine": {"system": platform.platform(), "cpus": os.cpu_count(), "processor": _processor()},
        "versions": {"python": platform.python_version()} | {name: version(name) for name in ("kubernetes", "msgspec", "urllib3")},
        "cluster": {"httproutes": ROUTES, "services": SERVICES, "pods": PODS, "mb": round(size / 1e6, 1), "page": options.page},
        OURS: {"seconds": round(seconds, 3), "peak_mb": round(peak, 1), "runs": [msgspec.to_builtins(run) for run in ours]},
    }
    for who, run in official.items():
        ratios = {"times_faster": round(run.seconds / seconds, 1), "times_less_memory": round(run.peak_mb / peak, 1)}
        result[who] = msgspec.to_builtins(run) | ratios
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{result['machine']['system']}, {result['machine']['cpus']} CPUs, {result['machine']['processor']}")
    print(", ".join(f"{name} {number}" for name, number in result["versions"].items()))
    print(f"{ROUTES:,} HTTPRoutes, {SERVICES:,} Services, {PODS:,} Pods, {size / 1e6:.0f} MB of JSON, {options.page} objects a page\n")
    print(f"{'':20}{'seconds':>10}{'peak MB':>10}{'idle MB':>10}{'objects':>10}")
    for name, run in [(f"{OURS} {n}", run) for n, run in enumerate(ours, 1)] + list(official.items()):
        print(f"{name:20}{run.seconds:10.3f}{run.peak_mb:10.1f}{run.idle_mb:10.1f}{run.objects:10,}")
    print(f"{'ours, median':20}{seconds:10.3f}{peak:10.1f}")
    for who in official:
        print(f"against the {who}: {result[who]['times_faster']} times faster, {result[who]['times_less_memory']} times less memory")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor() or "unknown")


if __name__ == "__main__":
    sys.exit(main())
