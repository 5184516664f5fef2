"""What a manifest, or a patch of one, can do beside what it seems to: run commands, see Secrets, take hold of what others own.

Each is refused in an experiment unless the user's policy allows it by its word: by `check`, which says it to authors, and once more by
`run`, in the last look before a change is sent.
"""

import re
from collections.abc import Iterator
from typing import Any

from aichaos.domain.touchable import CHAOS
from aichaos.files.plain import at, mapping, sequence, text, walk
from aichaos.observe.addresses import forbidden, foreign, of_endpoints
from aichaos.observe.pod_powers import pod_powers
from aichaos.observe.power import Manifest, Power, Way, command, secret

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


def powers(manifest: Manifest, group: str, kind: str, *, patch: bool = False) -> Iterator[Power]:
    """What stands in a manifest that is more than it seems. patch: it is a merge patch of an object of this kind."""
    chaos = group in CHAOS
    yield from _metadata(mapping(manifest.get("metadata")), patch=patch)
    for way, value in walk(manifest):
        yield from _marks(way, value, patch=patch)
        if isinstance(value, dict):
            yield from _chaos(way, value) if chaos else pod_powers(way, value)
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


_ORDERS = re.compile(
    # configuration, and code in it (Ingress controllers, gateways)
    r"snippet|(^|[./-])lua|modsecurity|(^|[./-])config-(backend|frontend|global|proxy|tcp)|^getambassador\.io/config|/plugins$"
    r"|/router\.middlewares$|/(actions|conditions)\."
    # whom it asks, and where it sends people
    r"|/auth-(url|signin|secret|tls)|/mirror-|/(permanent|temporal)-redirect|/server-alias|/upstream-vhost|-secret$|^external-dns\."
    # what a node, or a sidecar, does with a pod
    r"|^container\.apparmor\.security|^seccomp\.security|^io\.kubernetes\.cri-o|^k8s\.v1\.cni\.cncf\.io/|^iam\.amazonaws\.com/"
    r"|^sidecar\.istio\.io/(proxyImage|bootstrapOverride|userVolume)|^inject\.istio\.io/|^proxy\.istio\.io/(config|overrides)"
    r"|^config\.linkerd\.io/.*(image|registry)|^vault\.hashicorp\.com/",
    re.IGNORECASE,
)
"""Annotations by which another program puts something into a pod, or into a proxy, or sends traffic elsewhere."""
_OWNERS = re.compile(r"^(argocd\.argoproj\.io|(kustomize|helm)\.toolkit\.fluxcd\.io|meta\.helm\.sh)/|^app\.kubernetes\.io/instance$")
"""By which a reconciler knows what is its own, and deletes what it does not know."""


def _marks(way: Way, value: Any, *, patch: bool) -> Iterator[Power]:
    """Labels and annotations that give orders to others."""
    if not way or way[-1] not in ("labels", "annotations") or not isinstance(value, dict):
        return
    for key in value:
        if key.startswith(MARKS):
            why = f"{key[:80]} is a mark of aichaos itself: the way back and `aichaos stop` go by it"
            yield Power(way=(*way, key), word=MARKS, rule="policy/power", why=why)
        elif way[-1] == "annotations" and _ORDERS.search(key):
            why = f"{key[:80]} is an order, or code, for the program that reads it"
            yield Power(way=(*way, key), word="snippet", rule="policy/shell", why=why, value=value[key], there=True)
        elif patch and way[:-1] == ("metadata",) and _OWNERS.search(key):
            why = f"by {key[:80]} a reconciler knows what is its own: it may delete what it is handed so"
            yield Power(way=(*way, key), word=key, rule="policy/power", why=why, value=value[key], there=True)
        elif key.startswith("kubernetes.io/config."):
            why = f"{key[:80]} is the mark of a pod that its node has made by itself"
            yield Power(way=(*way, key), word="kubernetes.io/config", rule="policy/privileged", why=why)
        elif key == "probeRef":
            why = "probeRef calls probes that are kept elsewhere, commands among them"
            yield Power(way=(*way, key), word="probeRef", rule="policy/shell", why=why)


# chaos objects ------------------------------------------------------------------------------------------------------------------


def _chaos(way: Way, part: Manifest) -> Iterator[Power]:
    if part.get("remoteCluster"):
        why = "remoteCluster: the fault is for another cluster, which nobody has looked at"
        yield Power(way=(*way, "remoteCluster"), word="remoteCluster", rule="policy/power", why=why)
    if part.get("stressngStressors"):
        why = "stressngStressors are words for a program that runs with all rights on the node: use stressors"
        yield Power(way=(*way, "stressngStressors"), word="stressngStressors", rule="policy/shell", why=why)
    for field in ("device", "externalTargets", "patterns"):
        for one in (part.get(field), *sequence(part.get(field))):
            if isinstance(one, str) and (found := _SHELL.search(one)):
                why = f"{field} holds {found[0]!r}: it is a name or an address, and no command"
                yield Power(way=(*way, field), word=field, rule="policy/shell", why=why)
    inputs = mapping(part.get("k8sProbe/inputs"))
    if text(inputs.get("operation")).lower() in ("create", "delete"):
        here = (*way, "k8sProbe/inputs", "operation")
        why = f"a k8sProbe that says {text(inputs['operation'])[:20]} is a kubectl of its own"
        yield Power(way=here, word="k8sProbe", rule="policy/shell", why=why)
    if way[-1:] == ("components",):
        if part.get("secrets"):
            yield secret((*way, "secrets"), part["secrets"])
        yield from _variables(way, part)
    if way[-1:] == ("runner",):
        yield from (command((*way, field), part[field]) for field in ("command", "args") if part.get(field))


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
    if group == "networking.istio.io":
        yield from _mesh(spec, kind)
    if kind in ("EndpointSlice", "Endpoints"):
        for way, value in of_endpoints(manifest):
            if why := forbidden(value) or foreign(value):
                yield Power(way=way, word=value, rule="policy/power", why=f"{value[:60]} would be asked as an endpoint: {why}")
    if (group, kind) == ("gateway.networking.k8s.io", "Gateway"):
        if at(spec, "infrastructure", "parametersRef"):
            why = "parametersRef: what it names is put into the gateway's pods, whatever stands in it"
            way, value = ("spec", "infrastructure", "parametersRef"), spec["infrastructure"]["parametersRef"]
            yield Power(way=way, word="parametersRef", rule="policy/power", why=why, value=value, there=True)
        for index, one in enumerate(sequence(spec.get("addresses"))):
            if why := forbidden(text(mapping(one).get("value"))):
                yield Power(
                    way=("spec", "addresses", index), word="addresses", rule="policy/power", why=f"an address of the gateway: {why}"
                )
    target = text(at(spec, "scaleTargetRef", "kind"))
    if kind == "HorizontalPodAutoscaler" and target not in ("", "Deployment", "StatefulSet", "ReplicaSet"):
        why = f"an autoscaler of a {target[:60]}: nobody here knows what that is made of"
        yield Power(way=("spec", "scaleTargetRef", "kind"), word=target, rule="policy/power", why=why, value=target, there=True)
    if kind == "StatefulSet" and spec.get("volumeClaimTemplates"):
        why = "volumeClaimTemplates: it makes claims that nobody removes"
        made = spec["volumeClaimTemplates"]
        yield Power(way=("spec", "volumeClaimTemplates"), word="volumeClaimTemplates", rule="policy/power", why=why, value=made, there=True)
    if (group, kind) == ("", "ConfigMap"):
        yield from _scripts(manifest)


def _mesh(spec: Manifest, kind: str) -> Iterator[Power]:
    """Traffic of more than what is named, and credentials for it."""
    if kind == "VirtualService" and "mesh" in (spec.get("gateways") or ["mesh"]):
        for index, host in enumerate(sequence(spec.get("hosts"))):
            if text(host).startswith("*"):
                why = "it routes every request of the whole mesh that fits: name the hosts"
                yield Power(way=("spec", "hosts", index), word="VirtualService-for-all", rule="policy/power", why=why)
    if kind == "DestinationRule" and text(spec.get("host")).startswith("*"):
        why = "it is about whoever fits, in the whole mesh: name the host"
        yield Power(way=("spec", "host"), word="DestinationRule-for-all", rule="policy/power", why=why)
    for way, value in walk(spec):
        if way[-1:] == ("credentialName",) and value:
            why = "it gives a Secret to a proxy"
            yield Power(way=("spec", *way), word="Secret", rule="policy/power", why=why, value=value, there=True)


_SCRIPT = re.compile(r"\.(sh|bash|zsh|py|rb|pl|php|ps1|bat|lua|js|mjs|wasm)$", re.IGNORECASE)


def _scripts(manifest: Manifest) -> Iterator[Power]:
    for key, value in mapping(manifest.get("data")).items():
        if isinstance(value, str) and (_SCRIPT.search(key) or value.lstrip().startswith("#!")):
            why = f"{key[:80]} is a program for whoever mounts it"
            yield Power(way=("data", key), word="script", rule="policy/shell", why=why, value=value, there=True)


def foreign_images(engine: Manifest) -> Iterator[str]:
    """The images that a ChaosEngine names and that are not Litmus' own, wherever in it they stand."""
    for way, value in walk(engine):
        named = value if way and way[-1] in ("image", "experimentImage") else None
        if isinstance(value, dict) and value.get("name") in IMAGE_VARIABLES:
            named = value.get("value")
        if isinstance(named, str) and named and not OWN_IMAGES.fullmatch(named):
            yield named
