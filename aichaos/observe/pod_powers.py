"""What a pod can do beside running: whose rights it has, what of its node it takes, and whom it, or its node for it, asks."""

from collections.abc import Iterator

from aichaos.files.plain import at, mapping, sequence, text
from aichaos.observe.power import Manifest, Power, Way, command, secret

_GROUPS = ("containers", "initContainers", "ephemeralContainers")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_MOMENTS = ("postStart", "preStop")
_VOLUMES = frozenset({"emptyDir", "configMap", "downwardAPI", "projected", "hostPath"})
"""Volumes that hold nothing of others; a Secret and a node's files have words of their own. Any other kind is a disk, a server, or a driver
on the node."""
_SOURCES = frozenset({"configMap", "downwardAPI"})
"""The same for the parts of a projected volume."""
_CAPABILITIES = frozenset(
    {"CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP"}
    | {"NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"}
)
"""Those that container runtimes give anybody who does not ask (containerd, CRI-O, Docker)."""


def pod_powers(way: Way, pod: Manifest) -> Iterator[Power]:
    """What stands in a pod's spec, wherever it is; nothing where this is none."""
    if not any(isinstance(pod.get(group), list) for group in _GROUPS) and way[-2:] != ("template", "spec"):
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
    for steps, why in _FIELDS.items():
        if value := at(pod, *steps):
            yield Power(way=(*way, *steps), word=steps[0], rule="policy/power", why=f"{steps[-1]}: {why}", value=value, there=True)
    for index, one in enumerate(sequence(pod.get("imagePullSecrets"))):
        yield secret((*way, "imagePullSecrets", index), one)
    for index, volume in enumerate(sequence(pod.get("volumes"))):
        yield from _volume((*way, "volumes", index), mapping(volume))
    for group in _GROUPS:
        for index, container in enumerate(sequence(pod.get(group))):
            yield from _container((*way, group, index), mapping(container))


_FIELDS = {
    ("priorityClassName",): "it may push pods of others off their nodes",
    ("resourceClaims",): "it takes devices of its node",
    ("hostAliases",): "it sends what the pod asks for by name to addresses of its own",
    ("dnsConfig", "nameservers"): "it asks servers of its own where every name leads",
}


def _volume(way: Way, volume: Manifest) -> Iterator[Power]:
    sources = {key for one in sequence(at(volume, "projected", "sources")) for key in mapping(one)}
    if "secret" in volume or sources - _SOURCES:
        yield secret(way, volume)
    for kind in sorted(volume.keys() - _VOLUMES - {"name", "secret"}):
        why = f"a volume of {kind[:40]}: what is in it belongs to others, or comes from elsewhere"
        yield Power(way=(*way, kind), word=kind, rule="policy/power", why=why, value=volume, there=True)


def _container(way: Way, container: Manifest) -> Iterator[Power]:
    for field in ("command", "args"):
        if container.get(field):
            yield command((*way, field), container[field])
    for place in (*((probe,) for probe in _PROBES), *(("lifecycle", moment) for moment in _MOMENTS)):
        yield from _asked((*way, *place), mapping(at(container, *place)))
    for index, one in enumerate(sequence(container.get("envFrom"))):
        if "secretRef" in mapping(one):
            yield secret((*way, "envFrom", index), one)
    for index, one in enumerate(sequence(container.get("env"))):
        if at(one, "valueFrom", "secretKeyRef"):
            yield secret((*way, "env", index), one)
    for index, port in enumerate(sequence(container.get("ports"))):
        if mapping(port).get("hostPort"):
            why = "hostPort: it takes a port of its node"
            yield Power(way=(*way, "ports", index), word="hostPort", rule="policy/privileged", why=why, value=port, there=True)
    if at(container, "securityContext", "procMount") == "Unmasked":
        here = (*way, "securityContext", "procMount")
        yield Power(way=here, word="procMount", rule="policy/privileged", why="procMount: it sees what the node keeps from pods")
    for added in sequence(at(container, "securityContext", "capabilities", "add")):
        if text(added).upper().removeprefix("CAP_") not in _CAPABILITIES:
            here = (*way, "securityContext", "capabilities", "add")
            why = f"the capability {text(added)[:40]} gives a container power over its node"
            yield Power(way=here, word=text(added), rule="policy/privileged", why=why, value=added, there=True)


def _asked(way: Way, handler: Manifest) -> Iterator[Power]:
    """What a node does for a container, to see whether it lives, or when it starts and ends: it asks the pod, and nobody else."""
    if isinstance(handler.get("exec"), dict):
        yield command((*way, "exec"), handler["exec"])
    for how in ("httpGet", "tcpSocket"):
        if host := at(handler, how, "host"):
            why = f"its node would ask {str(host)[:80]}, with the node's own address"
            yield Power(way=(*way, how, "host"), word="host", rule="policy/power", why=why, value=host, there=True)
