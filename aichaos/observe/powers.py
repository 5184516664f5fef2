"""What a manifest, or a patch of one, can do beside what it seems to: run commands, see Secrets, take hold of what others own.

Each is refused in an experiment unless the user's policy allows it by its word: by `check`, which says it to authors, and once more by
`run`, in the last look before a change is sent.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from aichaos.domain.touchable import CHAOS
from aichaos.files.plain import at, mapping, pointer, sequence, text, walk
from aichaos.observe.addresses import forbidden

Manifest = dict[str, Any]
Way = tuple[str | int, ...]
_Rule = Literal["policy/shell", "policy/privileged", "policy/power"]

MARKS = "aichaos.io/"
"""What labels and annotations of ours begin with: the way back, `stop` and the list of runs go by them."""
MOST = 500
"""Replicas, or pods of a Job at once, that one step may ask for."""
_SHELL = re.compile(r"[`;&$<>\\'\n\r]")
"""What a variable of a Litmus fault must not hold: its program puts many of them into a command line of bash."""
_NUMBERS = ("replicas", "minReplicas", "parallelism")


OWN_IMAGES = re.compile(r"(?:docker\.io/|litmuschaos\.docker\.scarf\.sh/)?litmuschaos/[\w.-]+(?:[:@][\w.:-]+)?")
"""Images of Litmus itself, whatever registry they are mirrored by."""
IMAGE_VARIABLES = ("LIB_IMAGE", "TC_IMAGE", "STRESS_IMAGE")
"""Variables of Litmus' faults that name an image to start."""


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """way: where in the manifest. word: what a policy allows it by. there: whether it is no news in an object that has it already."""

    way: Way
    word: str
    rule: _Rule
    why: str
    value: Any = None
    there: bool = False

    @property
    def path(self) -> str:
        """As a JSON pointer."""
        return pointer(*self.way)


def powers(manifest: Manifest, group: str, kind: str, *, patch: bool = False) -> Iterator[Power]:
    """What stands in a manifest that is more than it seems. patch: it is a merge patch of an object of this kind."""
    chaos = group in CHAOS
    yield from _metadata(mapping(manifest.get("metadata")), patch=patch)
    for way, value in walk(manifest):
        yield from _marks(way, value)
        if isinstance(value, dict):
            yield from _chaos(way, value) if chaos else _pod(way, value)
            if not chaos and way and way[-1] in ("seccompProfile", "appArmorProfile") and value.get("type") == "Unconfined":
                why = f"{way[-1]}: Unconfined: it may ask the node's kernel for anything"
                yield Power(way=way, word="Unconfined", rule="policy/privileged", why=why, value=value, there=True)
        if way and way[-1] in _NUMBERS and not chaos and isinstance(value, int) and value > MOST:
            yield Power(
                way=way,
                word=str(way[-1]),
                rule="policy/power",
                why=f"{value} pods: no fault needs more than {MOST}",
                value=value,
                there=True,
            )
    yield from _network(manifest, group, kind)


def _metadata(metadata: Manifest, *, patch: bool) -> Iterator[Power]:
    if metadata.get("ownerReferences") or (patch and "ownerReferences" in metadata):
        why = "it names an owner: it would go, or stay, with somebody else's object"
        yield Power(way=("metadata", "ownerReferences"), word="ownerReferences", rule="policy/power", why=why)
    if foreign_finalizers(metadata) or (patch and "finalizers" in metadata):
        why = "it takes finalizers away, or sets its own: who waits for them decides that" if patch else "it brings a finalizer of its own"
        yield Power(way=("metadata", "finalizers"), word="finalizers", rule="policy/power", why=why)


_OURS = ("chaos-mesh/", "chaosengine.litmuschaos.io/", "foregroundDeletion", "orphan")


def foreign_finalizers(metadata: Manifest) -> list[str]:
    """Those by which somebody else than a chaos engine, or the server, waits."""
    return [str(one) for one in sequence(metadata.get("finalizers")) if not str(one).startswith(_OURS)]


def _marks(way: Way, value: Any) -> Iterator[Power]:
    """Labels and annotations that give orders to others."""
    if not way or way[-1] not in ("labels", "annotations") or not isinstance(value, dict):
        return
    for key in value:
        if key.startswith(MARKS):
            why = f"{key[:80]} is a mark of aichaos itself: the way back and `aichaos stop` go by it"
            yield Power(way=(*way, key), word=MARKS, rule="policy/power", why=why)
        elif "snippet" in key.lower():
            why = f"{key[:80]} is code for the controller that reads it"
            yield Power(way=(*way, key), word="snippet", rule="policy/shell", why=why, value=value[key], there=True)
        elif key.startswith("kubernetes.io/config."):
            why = f"{key[:80]} is the mark of a pod that its node has made by itself"
            yield Power(way=(*way, key), word="kubernetes.io/config", rule="policy/privileged", why=why)
        elif key == "probeRef":
            why = "probeRef calls probes that are kept elsewhere, commands among them"
            yield Power(way=(*way, key), word="probeRef", rule="policy/shell", why=why)


# pods ---------------------------------------------------------------------------------------------------------------------------

_GROUPS = ("containers", "initContainers", "ephemeralContainers")


def _pod(way: Way, pod: Manifest) -> Iterator[Power]:
    """A pod's spec, wherever it stands."""
    if not any(isinstance(pod.get(group), list) for group in _GROUPS) and not _is_pod_spec(way):
        return
    for field in ("serviceAccountName", "serviceAccount"):
        account = pod.get(field)
        if account not in (None, "", "default"):
            why = f"it runs with the rights of the service account {str(account)[:80]}"
            yield Power(way=(*way, field), word="serviceAccount", rule="policy/power", why=why, value=account, there=True)
    if at(pod, "securityContext", "windowsOptions", "hostProcess") is True:
        here = (*way, "securityContext", "windowsOptions", "hostProcess")
        yield Power(way=here, word="hostProcess", rule="policy/privileged", why="hostProcess: it is a process of its node")
    for index, one in enumerate(sequence(at(pod, "securityContext", "sysctls"))):
        here, why = (*way, "securityContext", "sysctls", index), "sysctls: it sets what the kernel does for others, too"
        yield Power(way=here, word="sysctls", rule="policy/privileged", why=why, value=one, there=True)
    for index, volume in enumerate(sequence(pod.get("volumes"))):
        here = (*way, "volumes", index)
        sources = [mapping(one) for one in sequence(at(volume, "projected", "sources"))]
        if "secret" in mapping(volume) or any("secret" in one or "serviceAccountToken" in one for one in sources):
            yield _secret(here, volume)
    for group in _GROUPS:
        for index, container in enumerate(sequence(pod.get(group))):
            yield from _container((*way, group, index), mapping(container))


def _is_pod_spec(way: Way) -> bool:
    return way[-2:] == ("template", "spec")


def _container(way: Way, container: Manifest) -> Iterator[Power]:
    for field in ("command", "args"):
        if container.get(field):
            yield _command((*way, field), container[field])
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(at(container, field, "exec"), dict):
            yield _command((*way, field, "exec"), container[field]["exec"])
    for moment in ("postStart", "preStop"):
        if isinstance(at(container, "lifecycle", moment, "exec"), dict):
            yield _command((*way, "lifecycle", moment, "exec"), container["lifecycle"][moment]["exec"])
    for index, one in enumerate(sequence(container.get("envFrom"))):
        if "secretRef" in mapping(one):
            yield _secret((*way, "envFrom", index), one)
    for index, one in enumerate(sequence(container.get("env"))):
        if at(one, "valueFrom", "secretKeyRef"):
            yield _secret((*way, "env", index), one)
    for index, port in enumerate(sequence(container.get("ports"))):
        if mapping(port).get("hostPort"):
            why = "hostPort: it takes a port of its node"
            yield Power(way=(*way, "ports", index), word="hostPort", rule="policy/privileged", why=why, value=port, there=True)
    if at(container, "securityContext", "procMount") == "Unmasked":
        here = (*way, "securityContext", "procMount")
        yield Power(way=here, word="procMount", rule="policy/privileged", why="procMount: it sees what the node keeps from pods")


def _command(way: Way, value: Any) -> Power:
    why = "a container with a command of its own: what it does there is not limited to a fault"
    return Power(way=way, word="command", rule="policy/shell", why=why, value=value, there=True)


def _secret(way: Way, value: Any) -> Power:
    why = "it gives a Secret, or a token of the cluster, to a container"
    return Power(way=way, word="Secret", rule="policy/power", why=why, value=value, there=True)


# chaos objects ------------------------------------------------------------------------------------------------------------------


def _chaos(way: Way, part: Manifest) -> Iterator[Power]:
    if part.get("remoteCluster"):
        why = "remoteCluster: the fault is for another cluster, which nobody has looked at"
        yield Power(way=(*way, "remoteCluster"), word="remoteCluster", rule="policy/power", why=why)
    if part.get("stressngStressors"):
        why = "stressngStressors are words for a program that runs with all rights on the node: use stressors"
        yield Power(way=(*way, "stressngStressors"), word="stressngStressors", rule="policy/shell", why=why)
    inputs = mapping(part.get("k8sProbe/inputs"))
    if text(inputs.get("operation")).lower() in ("create", "delete"):
        here = (*way, "k8sProbe/inputs", "operation")
        why = f"a k8sProbe that says {text(inputs['operation'])[:20]} is a kubectl of its own"
        yield Power(way=here, word="k8sProbe", rule="policy/shell", why=why)
    if way[-1:] == ("components",):
        if part.get("secrets"):
            yield _secret((*way, "secrets"), part["secrets"])
        yield from _variables(way, part)
    if way[-1:] == ("runner",):
        yield from (_command((*way, field), part[field]) for field in ("command", "args") if part.get(field))


def _variables(way: Way, components: Manifest) -> Iterator[Power]:
    for index, entry in enumerate(sequence(components.get("env"))):
        name, value = text(mapping(entry).get("name")), mapping(entry).get("value")
        here = (*way, "env", index)
        if name in ("CHAOS_INJECT_COMMAND", "CHAOS_KILL_COMMAND") and value:
            yield Power(way=here, word=name, rule="policy/shell", why=f"{name} is run by a shell inside the target")
        elif isinstance(value, str) and (found := _SHELL.search(value)):
            why = f"{name[:60]} holds {found[0]!r}: Litmus puts it into a command line, where that begins another command"
            yield Power(way=here, word=name or "env", rule="policy/shell", why=why)


# the network --------------------------------------------------------------------------------------------------------------------


def _network(manifest: Manifest, group: str, kind: str) -> Iterator[Power]:
    spec = mapping(manifest.get("spec"))
    if (group, kind) == ("", "Service"):
        if spec.get("externalIPs"):
            why = "externalIPs: it takes what the whole cluster sends to these addresses"
            yield Power(way=("spec", "externalIPs"), word="externalIPs", rule="policy/power", why=why)
        if spec.get("externalName"):
            why = "externalName: whoever asks this Service is sent out of the cluster, or to its cloud's metadata"
            yield Power(way=("spec", "externalName"), word="externalName", rule="policy/power", why=why)
    if kind == "ReferenceGrant":
        for index, to in enumerate(sequence(spec.get("to"))):
            if text(mapping(to).get("kind")) == "Secret":
                why = "the grant lets another namespace use Secrets of this one"
                yield Power(way=("spec", "to", index), word="Secret", rule="policy/power", why=why, value=to, there=True)
    if (group, kind) == ("networking.istio.io", "VirtualService") and "mesh" in (spec.get("gateways") or ["mesh"]):
        for index, host in enumerate(sequence(spec.get("hosts"))):
            if host == "*":
                why = "it routes every request that the whole mesh sends: name the hosts"
                yield Power(way=("spec", "hosts", index), word="VirtualService-for-all", rule="policy/power", why=why)
    if kind in ("EndpointSlice", "Endpoints"):
        for way, value in walk(manifest):
            if isinstance(value, str) and (way[-1:] == ("ip",) or "addresses" in way[-2:]) and (why := forbidden(value)):
                yield Power(way=way, word=value, rule="policy/power", why=f"{value[:60]} would be asked as an endpoint: {why}")


def foreign_images(engine: Manifest) -> Iterator[str]:
    """The images that a ChaosEngine names and that are not Litmus' own, wherever in it they stand."""
    for way, value in walk(engine):
        named = value if way and way[-1] in ("image", "experimentImage") else None
        if isinstance(value, dict) and value.get("name") in IMAGE_VARIABLES:
            named = value.get("value")
        if isinstance(named, str) and named and not OWN_IMAGES.fullmatch(named):
            yield named
