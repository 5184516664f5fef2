"""What Istio's traffic rules refer to: hosts that are Services, and subsets that a DestinationRule defines."""

from collections.abc import Iterator

from aichaos.check.spelling import there_are
from aichaos.check.subject import Subject
from aichaos.domain.base import ObjectRef
from aichaos.domain.finding import Finding
from aichaos.domain.mesh import Destination, DestinationRule, VirtualService
from aichaos.observe.targets import service_of_host, shown_labels


def virtual_service_references(this: Subject, service: VirtualService) -> Iterator[Finding]:
    for index, host in enumerate(service.spec.hosts):
        key = service_of_host(host, this.namespace) if host.endswith(".svc.cluster.local") else None
        if key is not None and key not in this.world.topology.services:
            yield from this.missing("reference/host-not-found", ObjectRef("Service", key[1], key[0]), f"/spec/hosts/{index}")
    for index, rule in enumerate(service.spec.http):
        for number, target in enumerate(rule.route):
            yield from _destination(this, target.destination, f"/spec/http/{index}/route/{number}/destination")
        if rule.mirror is not None:
            yield from _destination(this, rule.mirror, f"/spec/http/{index}/mirror")


def destination_rule_references(this: Subject, rule: DestinationRule) -> Iterator[Finding]:
    key = service_of_host(rule.spec.host, this.namespace)
    if key is None:
        yield _unresolved(this, rule.spec.host, "/spec/host")
        return
    service = this.world.topology.services.get(key)
    if service is None:
        yield from this.missing("reference/host-not-found", ObjectRef("Service", key[1], key[0]), "/spec/host")
        return
    pods = this.world.topology.service_pods(service)
    for index, subset in enumerate(rule.spec.subsets):
        if pods and not any(subset.labels.items() <= pod.labels.items() for pod in pods):
            message = (
                f"the subset {subset.name} takes none of the {len(pods)} pods of {service.name}: none has {shown_labels(subset.labels)}"
            )
            yield this.note("reference/selector-hits-nothing", message, f"/spec/subsets/{index}/labels", "warning")


def _destination(this: Subject, destination: Destination, path: str) -> Iterator[Finding]:
    key = service_of_host(destination.host, this.namespace)
    if key is None:
        yield _unresolved(this, destination.host, f"{path}/host")
        return
    if key not in this.world.topology.services:
        yield from this.missing("reference/host-not-found", ObjectRef("Service", key[1], key[0]), f"{path}/host")
    if destination.subset is not None:
        yield from _subset(this, key, destination.subset, f"{path}/subset")


def _subset(this: Subject, key: tuple[str, str], subset: str, path: str) -> Iterator[Finding]:
    rules = [rule for rule in this.world.topology.snapshot.destination_rules if service_of_host(rule.spec.host, rule.namespace) == key]
    defined = {one.name for rule in rules for one in rule.spec.subsets}
    if subset in defined:
        return
    sight = this.world.sight("DestinationRule", key[0])
    if sight == "unread":
        yield this.unread("reference/subset-not-defined", f"whether the subset {subset} is defined", "DestinationRule", key[0], path)
    elif sight == "known" or rules:
        message = f"no DestinationRule for {key[0]}/{key[1]} defines the subset {subset}; {there_are(defined, subset)}"
        yield this.note("reference/subset-not-defined", message, path)


def _unresolved(this: Subject, host: str, path: str) -> Finding:
    shown = host if len(host) <= 80 else f"{host[:80]}…"
    return this.note("reference/host-not-found", f"the host {shown!r} is outside the cluster: it was not checked", path, "skipped")
