"""NetworkPolicies of a large cluster: reading them, single connections, and everybody to everybody; and the matcher of cyclonus beside it.

python -m benchmarks.policies [--json]
"""

import json
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from aichaos.domain.base import Metadata, plain
from aichaos.domain.network import NetworkPolicy
from aichaos.domain.workloads import Pod, PodStatus
from aichaos.predict.policies import Policies
from tests.controlplane.cache import Missing, locate

PODS, POLICIES, NAMESPACES, APPS = 10_000, 1_000, 100, 20
ASKED, THEIRS = 20_000, 20_000
PORT = 8080


def labels(namespace: str) -> dict[str, str]:
    """Every third namespace is of the same team."""
    return {"kubernetes.io/metadata.name": namespace, "team": f"t{int(namespace[1:]) % 3}"}


def pods() -> list[Pod]:
    return [
        Pod(
            metadata=Metadata(
                name=f"p{number}",
                namespace=f"n{number % NAMESPACES}",
                labels={"app": f"a{number // NAMESPACES % APPS}", "version": f"v{number % 2}", "pod": f"p{number}"},
            ),
            status=PodStatus(phase="Running", pod_ip=f"10.{number // 65_536}.{number // 256 % 256}.{number % 256}"),
        )
        for number in range(PODS)
    ]


def policies() -> list[NetworkPolicy]:
    """In each namespace: nobody comes in, but some apps from others of its own, some from whole teams, and one from addresses."""
    found = []
    for number in range(POLICIES):
        namespace, turn = f"n{number % NAMESPACES}", number // NAMESPACES
        app, other = ({"matchLabels": {"app": f"a{(turn * 2 + step) % APPS}"}} for step in (0, 1))
        peers: list[dict[str, Any]] = [
            {"podSelector": other},
            {"namespaceSelector": {"matchLabels": {"team": f"t{turn % 3}"}}, "podSelector": other},
            {"ipBlock": {"cidr": "10.0.0.0/16", "except": ["10.0.3.0/24"]}},
        ]
        ingress = [{"from": [peers[turn % 3]], "ports": [{"protocol": "TCP", "port": 8000, "endPort": 8100}]}]
        spec = {"podSelector": app, "policyTypes": ["Ingress"], "ingress": ingress}
        whole = spec if turn else {"podSelector": {}, "policyTypes": ["Ingress"]}
        found.append(msgspec.convert({"metadata": {"name": f"x{number}", "namespace": namespace}, "spec": whole}, NetworkPolicy))
    return found


def measure() -> dict[str, float]:
    """Seconds, and microseconds a connection, by what was measured; without cyclonus where it is not built."""
    members, rules = pods(), policies()
    chosen = random.Random(1)
    asked = [(chosen.randrange(PODS), chosen.randrange(PODS)) for _ in range(ASKED)]
    start = _cpu()
    read = Policies(rules, members, labels)
    found = {"read": _cpu() - start, "parties": float(len(read.parties))}
    parties = [party for pod in members if (party := read.party(pod)) is not None]
    ours: list[bool] = []
    found["one"] = _taken(lambda: ours.extend(read.allowed(parties[a], parties[b], PORT) for a, b in asked)) / ASKED * 1e6
    found["everybody"] = _taken(lambda: [read.senders(party, PORT) for party in range(len(read.parties))])
    found |= _cyclonus(members, rules, asked, ours)
    return found


def _cpu() -> float:
    """Seconds of one core that this process and its children have had."""
    return sum(
        used.ru_utime + used.ru_stime for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def _taken(work: Callable[[], object]) -> float:
    start = _cpu()
    work()
    return _cpu() - start


def _cyclonus(members: list[Pod], rules: list[NetworkPolicy], asked: list[tuple[int, int]], ours: list[bool]) -> dict[str, float]:
    """The same connections asked of cyclonus; its start and the reading of its input are taken off."""
    found = locate("cyclonus")
    if isinstance(found, Missing):
        return {}
    program = str(found.programs["cyclonus"])
    ends = [
        {"namespace": pod.namespace, "namespaceLabels": labels(pod.namespace), "labels": pod.labels, "ip": pod.status.pod_ip}
        for pod in members
    ]
    question: dict[str, Any] = {"policies": [plain(one) for one in rules], "ends": ends, "connections": []}
    connections = [{"from": a, "to": b, "port": PORT, "name": "", "protocol": "TCP"} for a, b in asked[:THEIRS]]
    _ask(program, question)  # so that its pages are in memory
    empty = _taken(lambda: _ask(program, question))
    start = _cpu()
    said = _ask(program, question | {"connections": connections})
    whole = _cpu() - start
    assert [one == "1" for one in said] == ours[:THEIRS], "cyclonus and aichaos disagree"
    return {"cyclonus one": max(whole - empty, 0.0) / THEIRS * 1e6}


def _ask(program: str, question: dict[str, Any]) -> str:
    return subprocess.run([program], input=msgspec.json.encode(question), capture_output=True, check=True).stdout.decode().strip()


def table(found: dict[str, float]) -> list[str]:
    rows = [
        f"{PODS:,} pods in {NAMESPACES} namespaces, {POLICIES:,} NetworkPolicies. Both give the same verdicts.",
        "",
        "| What | aichaos | cyclonus 0.5.6 |",
        "|---|--:|--:|",
    ]
    theirs = found.get("cyclonus one")
    each = f"{theirs:,.0f} µs" if theirs is not None else "not built"
    everybody = f"{theirs * PODS * PODS / 1e6 / 3600:,.1f} h, at that rate" if theirs is not None else "not built"
    return [
        *rows,
        f"| reading pods and policies: {found['parties']:,.0f} kinds of pods | {found['read']:.2f} s | |",
        f"| one connection, of random ones | {found['one']:.1f} µs | {each} |",
        f"| everybody to everybody on one port, {PODS * PODS:,} pairs | {found['everybody'] * 1000:.0f} ms | {everybody} |",
    ]


if __name__ == "__main__":
    measured = measure()
    print(json.dumps(measured, indent=2) if "--json" in sys.argv else "\n".join(table(measured)))
