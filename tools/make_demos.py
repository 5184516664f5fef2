"""Make the bundled demo clusters from their sources.

``tools/demos/NAME.yaml`` holds what people declare: namespaces, nodes, workloads, Services, routes. A real cluster
also shows what its controllers make of that: ReplicaSets, Pods, EndpointSlices, statuses, uids. This program plays
those controllers (``tools/playing``) and writes ``aichaos/observe/demos/NAME.yaml``, which reads like ``kubectl get -o yaml``.

Nothing here is random and no clock is read: names, uids and addresses are hashes of the object's own name, so the
output is the same byte for byte on every machine. An object without ``creationTimestamp`` gets that of its owner,
else of its namespace; a cluster-scoped one gets that of ``kube-system``, as if it came with the cluster.

Fields that the API server would refuse on create (``resourceVersion``, ``clusterIP``, ``managedFields``) are left out,
and Pods carry only what a reader of a topology asks for.

    python tools/make_demos.py            write all demos
    python tools/make_demos.py --check    write nothing; exit 1 and name the files that are stale
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tools.playing.budgets import play_autoscalers, play_budgets
from tools.playing.cluster import Cluster, Obj, load
from tools.playing.endpoints import play_endpoint_slices
from tools.playing.gateways import play_gateways
from tools.playing.workloads import play_kubelets, play_namespaces, play_workloads

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "tools" / "demos"
OUTPUT = ROOT / "aichaos" / "observe" / "demos"

LINE = 180
"""Parts of an object whose JSON is no longer than this are written on one line."""


class Compact(yaml.CSafeDumper):
    """What fits on a line is on a line; no anchors; text of several lines stays readable."""

    def ignore_aliases(self, data: Any) -> bool:
        """Writes a part that is shared twice over instead of by reference."""
        return True


def _fits(data: Obj | list[Any]) -> bool:
    text = json.dumps(data)
    return len(text) <= LINE and "\\n" not in text


def _mapping(dumper: yaml.CSafeDumper, data: Obj) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=_fits(data))


def _sequence(dumper: yaml.CSafeDumper, data: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=_fits(data))


def _text(dumper: yaml.CSafeDumper, data: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


Compact.add_representer(dict, _mapping)
Compact.add_representer(list, _sequence)
Compact.add_representer(str, _text)


def check_service_accounts(cluster: Cluster) -> None:
    """The API server refuses a Pod whose ServiceAccount is missing, so a source must not forget one."""
    known = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in cluster.of("ServiceAccount")}
    for pod in cluster.of("Pod"):
        wanted = (pod["metadata"]["namespace"], pod["spec"]["serviceAccountName"])
        if wanted not in known:
            raise SystemExit(
                f"{cluster.name}: Pod {pod['metadata']['name']} wants ServiceAccount {'/'.join(wanted)}, which is not declared"
            )


def render(source: Path) -> str:
    """The text of the demo that a source describes."""
    cluster = load(source)
    for play in (
        play_namespaces, play_kubelets, play_workloads, play_endpoint_slices, play_gateways, play_autoscalers, play_budgets,
        check_service_accounts,
    ):  # fmt: skip
        play(cluster)
    text = yaml.dump_all(
        cluster.everything(),
        Dumper=Compact,
        explicit_start=True,
        sort_keys=False,
        width=10_000,
        allow_unicode=True,
    )
    return f"# Generated from tools/demos/{source.name} by tools/make_demos.py; edit the source, not this file.\n{text}"


def main(arguments: list[str] | None = None) -> int:
    """Writes the demos, or with ``--check`` says which are stale."""
    parser = argparse.ArgumentParser(description="make the bundled demo clusters from tools/demos")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    check = parser.parse_args(arguments).check
    wanted = {OUTPUT / source.name: render(source) for source in sorted(SOURCES.glob("*.yaml"))}
    found = {path: path.read_text(encoding="utf-8") for path in OUTPUT.glob("*.yaml")}
    stale = sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))
    for path in stale:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            write(path, wanted.get(path))
    return 1 if check and stale else 0


def write(path: Path, text: str | None) -> None:
    """Writes a demo, or removes one whose source is gone."""
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
