"""What keeps a run from starting. Everything is looked at before the first change, and every refusal has a name and says what to do.

Nothing here asks anybody: `aichaos run` collects the facts, and these functions judge them.
"""

import datetime
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from aichaos.cluster.rights import Right
from aichaos.domain.base import ObjectRef
from aichaos.domain.finding import Finding
from aichaos.domain.policy import DAYS, Policy
from aichaos.domain.running import LEVER, Manifest, Permission, beside_lever
from aichaos.domain.sample import Judged
from aichaos.domain.snapshot import Gap, Snapshot
from aichaos.files.plain import mapping
from aichaos.observe.targets import selector_of
from aichaos.observe.topology import Topology
from aichaos.run.lease import Taken
from aichaos.run.lever import Lever
from aichaos.run.plan import Refusal, may_not, right_of
from aichaos.run.rollout import unfinished

_NAMES = {
    "policy/protected-namespace": "protected-namespace",
    "policy/blast-radius": "pods",
    "policy/outside-scope": "scope",
    "policy/time-window": "time-window",
    "policy/kind": "closed-list",
    "policy/shell": "closed-list",
    "policy/code": "closed-list",
    "policy/machine": "closed-list",
    "policy/cloud": "closed-list",
    "policy/foreign-image": "closed-list",
    "policy/privileged": "closed-list",
    "policy/power": "closed-list",
    "policy/probe-address": "probe-address",
}


def checked(findings: Iterable[Finding]) -> Iterator[Refusal]:
    """Errors of the check. What the experiment declares as its fault is none by then."""
    for one in findings:
        if one.severity == "error":
            where = f"{one.object}: " if one.object else ""
            hint = "`aichaos check EXPERIMENT --from live` shows it with its place and what would correct it."
            yield Refusal(name=_NAMES.get(one.rule, "check"), message=f"{where}{one.message} ({one.rule})", hint=hint)


def in_time(policy: Policy, now: datetime.datetime, deadline: float) -> Iterator[Refusal]:
    """The run begins and ends within the hours that the policy allows. now: UTC. deadline: seconds."""
    if not policy.windows:
        return
    for when in (now, now + datetime.timedelta(seconds=deadline)):
        minute = when.hour * 60 + when.minute
        if not any(window.holds(DAYS[when.weekday()], minute) for window in policy.windows):
            hours = "; ".join(map(str, policy.windows))
            word = "it is" if when is now else "it may last until"
            message = f"{word} {DAYS[when.weekday()]} {when:%H:%M} UTC; the policy allows {hours}"
            yield Refusal(name="time-window", message=message, hint="Come back then, or let the policy's owner change it.")
            return


def free(holder: Taken | None, lever: str = LEVER) -> Iterator[Refusal]:
    """No other run is active in the cluster."""
    if holder is not None:
        whose = f" of {holder.who}" if holder.who else ""
        what = "has not begun yet" if holder.preparing else "is active"
        message = f"run {holder.run}{whose} {what} ({holder.process}, last heard of at {holder.renewed})"
        yield Refusal(name="another-run", message=message, hint=holder.ways(lever))


def released(lever: Lever, named: str = LEVER) -> Iterator[Refusal]:
    if lever.pulled:
        release = beside_lever("aichaos stop --release", named)
        yield Refusal(name="lever", message=lever.told, hint=f"Whoever pulled it releases it: `{release}`.")


def steady(judged: Iterable[Judged], aborting: Iterable[Judged]) -> Iterator[Refusal]:
    """The steady state holds now: what is broken before can't be broken by a fault. Abort probes can be asked, or they protect nobody."""
    for one in judged:
        if one.verdict == "fail":
            message = f"the steady state is not met before anything was done: {one.probe}: {one.why}"
            yield Refusal(name="steady-state", message=message, hint="Mend that first, or correct the probe.")
    for one in aborting:
        if one.verdict != "pass":
            message = f"the abort probe {one.probe} does not hold before anything was done: {one.why}"
            yield Refusal(name="abort-probe", message=message, hint="It would end the run at once: mend that first, or correct the probe.")


def permitted(missing: Sequence[Right], needed: Sequence[Permission], hint: str) -> Iterator[Refusal]:
    """We may do every step, and undo it."""
    for right in missing:
        yield may_not(right, sorted({one.why for one in needed if right_of(one) == right}), hint)


REACHED = (
    *("Pod", "Deployment", "StatefulSet", "DaemonSet", "Service", "EndpointSlice"),
    *("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"),
)
"""Kinds by which it is counted whom a run reaches."""
FORETOLD = (
    *("Namespace", "GatewayClass", "Gateway", "ListenerSet", "BackendTLSPolicy", "ReferenceGrant", "NetworkPolicy"),
    *("VirtualService", "DestinationRule", "HorizontalPodAutoscaler", "PodDisruptionBudget"),
)
"""Kinds that have a part in what is foretold."""


def seen(snapshot: Snapshot, policy: Policy, hint: str) -> Iterator[Refusal | str]:
    """Whom the run reaches can be counted: a limit that nobody can hold it against is none. What else could not be seen is said."""
    asked = snapshot.source.namespaces
    named = bool(asked) and set(asked) <= {one.name for one in snapshot.namespaces}  # which is all that is asked of Namespaces
    unread = [gap for gap in snapshot.gaps if gap.reason in ("forbidden", "failed") and not (named and gap.kind == "Namespace")]
    reached = [gap for gap in unread if gap.kind in REACHED]
    if reached and not policy.allows("unread"):
        yield Refusal(name="unread", message=f"whom it reaches is not known: {_told(reached)}", hint=hint)
        return
    if others := [gap for gap in unread if gap.kind in (*REACHED, *FORETOLD)]:
        yield f"what is foretold may be otherwise: {_told(others)}"


def _told(gaps: Sequence[Gap]) -> str:
    return f"of {', '.join(dict.fromkeys(gap.kind for gap in gaps))} not all could be read: {gaps[0].detail}"


def able(lacking: Sequence[Right], home: str) -> Iterator[Refusal]:
    """The guard inside the cluster may put everything back, or it guards nothing. home: the namespace of its account."""
    for namespace in sorted({one.namespace for one in lacking}):
        what = ", ".join(sorted({f"{one.verb} {one.resource}" for one in lacking if one.namespace == namespace}))
        message = f"the guard in the cluster could not put everything back in {namespace}: it may not {what}"
        bind = f"kubectl create rolebinding aichaos-guard -n {namespace} --clusterrole=aichaos-guard-restore"
        yield Refusal(name="guard-rights", message=message, hint=f"`{bind} --serviceaccount={home}:aichaos-guard`; see deploy/.")


def calm(touched: Iterable[tuple[ObjectRef, Manifest]], policy: Policy) -> Iterator[Refusal]:
    """No rollout of a workload that is touched or hit is in progress: what it does would be taken for the fault's doing."""
    for ref, workload in touched:
        if (why := unfinished(workload)) and not policy.allows("rollout"):
            hint = "Wait until it is done (kubectl rollout status), or allow `rollout` in your policy."
            yield Refusal(name="rollout", message=f"a rollout of {ref} is in progress: {why}", hint=hint)


Harms = Sequence[tuple[frozenset[tuple[str, str]], int]]
"""Pods, by namespace and name, of which a step takes at most so many."""


def _at_most(harms: Harms, among: set[tuple[str, str]]) -> int:
    return min(len(among), sum(min(count, len(pods & among)) for pods, count in harms))


def budgets(topology: Topology, harms: Harms, listed: Iterable[tuple[str, dict[str, Any]]], policy: Policy) -> Iterator[Refusal]:
    """No PodDisruptionBudget is broken. listed: the budgets as they are, each with its namespace."""
    for namespace, budget in listed:
        selector, name = selector_of(mapping(budget.get("spec")).get("selector")), mapping(budget.get("metadata")).get("name")
        taken = _at_most(harms, {(pod.namespace, pod.name) for pod in topology.select(namespace, selector)})
        allowed = mapping(budget.get("status")).get("disruptionsAllowed")
        if taken and isinstance(allowed, int) and taken > allowed and not policy.allows("disruption-budget"):
            message = f"the PodDisruptionBudget {namespace}/{name} allows {allowed} disruptions now; the run takes up to {taken}"
            hint = "Take fewer pods, or allow `disruption-budget` in your policy if breaking it is the experiment."
            yield Refusal(name="disruption-budget", message=message, hint=hint)


def shares(topology: Topology, harms: Harms, routes: Sequence[str], policy: Policy) -> Iterator[Refusal]:
    """Not more of a Service's endpoints, and of a namespace's routes, than the policy allows."""
    if policy.max_endpoints is not None:
        for service in topology.snapshot.services:
            pods = {(pod.namespace, pod.name) for pod in topology.service_pods(service)}
            share = _at_most(harms, pods) / len(pods) if pods else 0.0
            if share > policy.max_endpoints:
                message = f"up to {share:.0%} of the endpoints of Service {service.namespace}/{service.name} are taken; the policy allows"
                yield Refusal(name="endpoints", message=f"{message} {policy.max_endpoints:.0%}", hint="Take fewer pods.")
    if policy.max_routes is not None and routes:
        namespaces = {route.partition("/")[0] for route in routes}
        there = [route for route in topology.snapshot.routes() if route.namespace in namespaces]
        share = len(routes) / len(there) if there else 1.0
        if share > policy.max_routes:
            message = f"{share:.0%} of the routes of {', '.join(sorted(namespaces))} are reached; the policy allows {policy.max_routes:.0%}"
            yield Refusal(name="routes", message=message, hint="Reach fewer routes.")


def one_fate(accepted: bool, inside: bool) -> Iterator[Refusal]:
    """The watchdog outlives the run. accepted: the user says it need not. inside: a guard in the cluster does."""
    if not accepted and not inside and (why := shared_fate()):
        message = f"the run and its watchdog would die together: {why}"
        hint = "Add --in-cluster-guard IMAGE, run it on a machine of its own, or take the risk with --accept-shared-fate."
        yield Refusal(name="shared-fate", message=message, hint=hint)


def shared_fate() -> str:
    """Why the two processes of a run would end together; "" on a machine of its own."""
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return "they are in one pod"
    if os.environ.get("CI"):
        return "they are in one CI job (CI is set)"
    if any(Path(path).exists() for path in ("/.dockerenv", "/run/.containerenv")):
        return "they are in one container"
    return ""
