"""ConfigMaps, Secrets, ServiceAccounts, quotas, limits and storage (k8s.io/kubernetes, pkg/apis/core and storage, v1.35)."""

import base64
import binascii
import json
import re
from decimal import Decimal
from typing import Any

from aichaos.check.admission import names
from aichaos.check.admission.pods import node_selector
from aichaos.check.admission.quantities import amount, amount_in, is_whole, resource_name
from aichaos.check.admission.spot import Problems, Spot, one_of
from aichaos.check.admission.volumes import access_modes, claim

_SIZE = 1024 * 1024  # bytes
_LONGEST = 100
"""Digits of a number that is looked at."""

_SECURITY = tuple(f"pod-security.kubernetes.io/{mode}" for mode in ("enforce", "audit", "warn"))
_LEVELS = ("privileged", "baseline", "restricted")
_LEVEL_VERSION = re.compile(r"latest|v1\.(?:0|[1-9][0-9]*)")

_COMPUTE = frozenset({"cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage"})
_LIMITS = frozenset({"limits.cpu", "limits.memory", "limits.ephemeral-storage"})
_COUNTS = frozenset(
    {"pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps"}
    | {"services.nodeports", "services.loadbalancers"}
)
_QUOTAS = _COMPUTE | _LIMITS | _COUNTS | {"requests.storage"}
_SCOPES = (
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
)


def config_map(document: Spot) -> Problems:
    data, binary = document["data"], document["binaryData"]
    taken = {key for key, _ in binary.pairs()}
    size = 0
    for of in (data, binary):
        for key, value in of.pairs():
            if problem := names.config_key(key):
                yield value.invalid(f"the key {key[:60]!r} is refused: {problem}")
            if of is data and key in taken:
                yield value.invalid("binaryData has this key too")
            size += len(value.text.encode()) if of is data else len(value.text) * 3 // 4
    if size > _SIZE:
        yield Spot(None).invalid("a ConfigMap holds 1 MiB at most")


def secret(document: Spot) -> Problems:
    given = {key: document[of][key] for of in ("data", "stringData") for key in document[of].every_key()}
    for key, value in given.items():
        if problem := names.config_key(key):
            yield value.invalid(f"the key {key[:60]!r} is refused: {problem}")
    if sum(len(value.text) for value in given.values()) > _SIZE * 4 // 3:
        yield Spot(None).invalid("a Secret holds 1 MiB at most")
    data = document["data"]
    match document["type"].text:
        case "kubernetes.io/service-account-token":
            account = document["metadata"]["annotations"]["kubernetes.io/service-account.name"]
            if not account.text:
                yield account.required("whose token it is")
        case "kubernetes.io/dockercfg":
            yield from _json(document, ".dockercfg")
        case "kubernetes.io/dockerconfigjson":
            yield from _json(document, ".dockerconfigjson")
        case "kubernetes.io/basic-auth":
            if "username" not in given and "password" not in given:
                yield data["username"].required("a username or a password")
        case "kubernetes.io/ssh-auth":
            if "ssh-privatekey" not in given or not given["ssh-privatekey"].text:
                yield data["ssh-privatekey"].required()
        case "kubernetes.io/tls":
            for key in ("tls.crt", "tls.key"):
                if key not in given:
                    yield data[key].required()


def _json(document: Spot, key: str) -> Problems:
    plain, encoded = document["stringData"][key], document["data"][key]
    if not document["stringData"].has(key) and not document["data"].has(key):
        yield encoded.required()
        return
    try:
        content = plain.text.encode() if plain else base64.b64decode(encoded.text)
        fine = isinstance(json.loads(content), dict) or json.loads(content) is None
    except (ValueError, binascii.Error, RecursionError):
        fine = False
    if not fine:
        yield (plain or encoded).invalid("it must be a JSON object")


def namespace(document: Spot) -> Problems:
    labels = document["metadata"]["labels"]
    for key in labels.every_key():
        value = labels[key]
        if key in _SECURITY and value.text not in _LEVELS:
            yield value.unsupported(_LEVELS)
        elif key.endswith("-version") and key.removesuffix("-version") in _SECURITY and not _LEVEL_VERSION.fullmatch(value.text):
            yield value.invalid("it must be latest or a version such as v1.35")
    for finalizer in document["spec"]["finalizers"].each():
        if problem := names.qualified(finalizer.text):
            yield finalizer.invalid(problem)
        elif "/" not in finalizer.text and finalizer.text != "kubernetes":
            yield finalizer.invalid("a finalizer's name is prefixed with a domain")


# quotas and limits --------------------------------------------------------------------------------------------------------------


def _wraps(written: Any, much: Decimal) -> bool:
    """The server counts in thousandths, in 64 bits. What is left of a number that they don't hold is hardly ever a whole one; only behind a
    decimal suffix or an exponent the server sees the overflow, and takes nought (apimachinery, resource/math.go)."""
    scaled = isinstance(written, str) and not written.isdecimal() and not written.endswith("i")
    if much * 1000 < 2**63 or scaled or len(str(written)) > _LONGEST:
        return False
    left = (int(much) * 1000 + 2**63) % 2**64 - 2**63
    return abs(left) % 1000 != 0


def resource_quota(document: Spot) -> Problems:
    spec = document["spec"]
    for key, value in spec["hard"].pairs():
        if problem := names.qualified(key):
            yield value.invalid(f"the resource {key[:60]!r}: {problem}")
        elif "/" not in key and key not in _QUOTAS and not key.startswith(("hugepages-", "requests.hugepages-")):
            yield value.invalid(f"{key[:60]} is nothing that a quota counts")
        much = amount(value)
        if much is not None and much < 0:
            yield value.invalid("it must be 0 or more")
        elif much is not None and key in _COUNTS and (not is_whole(much) or _wraps(value.value, much)):
            yield value.invalid("it must be a whole number")
    keys = [key for key, _ in spec["hard"].pairs()]
    for scope in spec["scopes"].each():
        yield from _scope(scope, keys)
    for one in spec["scopeSelector"]["matchExpressions"].each():
        yield from _scope(one["scopeName"], keys)
        operator, values = one["operator"], one["values"]
        if one["scopeName"].text not in ("PriorityClass", "VolumeAttributesClass") and operator.text != "Exists":
            yield operator.invalid("for this scope it is Exists")
        if operator.text in ("In", "NotIn"):
            if not values.each():
                yield values.required(f"{operator.text} needs values")
        elif operator.text in ("Exists", "DoesNotExist"):
            if values.each():
                yield values.invalid(f"{operator.text} takes no values")
        else:
            yield operator.invalid("it takes In, NotIn, Exists, DoesNotExist")
    for given in (
        [each.text for each in spec["scopes"].each()],
        [one["scopeName"].text for one in spec["scopeSelector"]["matchExpressions"].each()],
    ):
        for pair in ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"}):
            if pair <= set(given):
                yield spec["scopes"].invalid(f"{' and '.join(sorted(pair))} exclude each other")


def _scope(scope: Spot, keys: list[str]) -> Problems:
    if scope.text not in _SCOPES:
        yield scope.invalid(f"it takes {', '.join(_SCOPES)}")
        return
    for key in keys:
        if key not in _QUOTAS:
            continue
        if scope.text == "BestEffort":
            fits = key == "pods"
        elif scope.text == "VolumeAttributesClass":
            fits = key in ("persistentvolumeclaims", "requests.storage")
        else:
            fits = key in _COMPUTE | _LIMITS | {"pods"}
        if not fits:
            yield scope.invalid(f"{key} can't be counted in this scope")


def limit_range(document: Spot) -> Problems:
    taken = set()
    for limit in document["spec"]["limits"].each():
        kind = limit["type"]
        if problem := names.qualified(kind.text):
            yield kind.invalid(problem)
        elif "/" not in kind.text and kind.text not in ("Pod", "Container", "PersistentVolumeClaim"):
            yield kind.invalid("it takes Pod, Container, PersistentVolumeClaim")
        if kind.text in taken:
            yield kind.duplicate(f"the type {kind.text}")
        taken.add(kind.text)
        yield from _limit(limit, kind.text)


def _limit(limit: Spot, kind: str) -> Problems:
    fields = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
    if kind == "Pod":
        for field in ("default", "defaultRequest"):
            if limit[field].pairs():
                yield limit[field].forbidden("a Pod has none of its own")
    if kind == "PersistentVolumeClaim" and not limit["min"]["storage"] and not limit["max"]["storage"]:
        yield limit.required("the least or the most storage")
    for field in fields:
        for key in limit[field].every_key():
            value = limit[field][key]
            if problem := resource_name(key):
                yield value.invalid(f"the resource {key[:60]!r}: {problem}")
            elif (
                kind in ("Pod", "Container")
                and "/" not in key
                and key not in ("cpu", "memory", "ephemeral-storage")
                and not key.startswith("hugepages-")
            ):
                yield value.invalid(f"{key} is nothing that a container has")
    for key in {key for field in fields for key, _ in limit[field].pairs()}:
        yield from _ordered(limit, key, kind)


def _ordered(limit: Spot, key: str, kind: str) -> Problems:
    """min ≤ defaultRequest ≤ default ≤ max, as far as they are given."""
    order = [("min", amount_in(limit["min"], key)), ("defaultRequest", amount_in(limit["defaultRequest"], key))]
    order += [("default", amount_in(limit["default"], key)), ("max", amount_in(limit["max"], key))]
    if kind == "Pod":
        order = [pair for pair in order if pair[0] in ("min", "max")]
    given = [(name, value) for name, value in order if value is not None]
    for (low, less), (high, more) in ((one, other) for index, one in enumerate(given) for other in given[index + 1 :]):
        if less > more:
            yield limit[high][key].invalid(f"it is less than {low}")
    ratio, least, most = amount_in(limit["maxLimitRequestRatio"], key), amount_in(limit["min"], key), amount_in(limit["max"], key)
    if ratio is not None and ratio < 1:
        yield limit["maxLimitRequestRatio"][key].invalid("it must be 1 or more")
    if ratio is not None and least and most and ratio > most / least:
        yield limit["maxLimitRequestRatio"][key].invalid("it is more than max divided by min")


# storage ------------------------------------------------------------------------------------------------------------------------


def persistent_volume_claim(document: Spot) -> Problems:
    yield from claim(document["spec"], template=False)


def persistent_volume(document: Spot) -> Problems:
    spec = document["spec"]
    if not spec["accessModes"].each():
        yield spec["accessModes"].required("one access mode at least")
    yield from access_modes(spec["accessModes"])
    capacity = spec["capacity"]
    if capacity.every_key() != ["storage"]:
        yield capacity.required("storage, and nothing else")
    for key in capacity.every_key():
        value, much = capacity[key], amount_in(capacity, key)
        if much is not None and much <= 0:
            yield value.invalid("it must be more than 0")
    yield from one_of(spec["persistentVolumeReclaimPolicy"], ("Retain", "Delete", "Recycle"))
    yield from one_of(spec["volumeMode"], ("Block", "Filesystem"))
    if spec["storageClassName"].text and (problem := names.subdomain(spec["storageClassName"].text)):
        yield spec["storageClassName"].invalid(problem)
    sources = [field for field in _VOLUMES if spec[field]]
    if not sources:
        yield spec.required("where the volume is: hostPath, nfs, csi, local, …")
    if spec["volumeAttributesClassName"]:
        if not spec["csi"]:
            yield spec["csi"].required("volumeAttributesClassName goes with it")
        if problem := names.subdomain(spec["volumeAttributesClassName"].text):
            yield spec["volumeAttributesClassName"].invalid(problem)
    for extra in sources[1:]:
        if extra == "flexVolume":
            continue  # of all sources the server does not count this one
        yield spec[extra].forbidden("a volume is at one place")
    if "hostPath" in sources[:1]:
        path = spec["hostPath"]["path"]
        if not path.text:
            yield path.required()
        elif ".." in path.text.split("/"):
            yield path.invalid("it may not hold ..")
        elif path.text.rstrip("/") == "" and spec["persistentVolumeReclaimPolicy"].text == "Recycle":
            yield spec["persistentVolumeReclaimPolicy"].forbidden("a recycled volume is emptied, and this one is the host's whole disk")
        kind = spec["hostPath"]["type"]
        if kind.text not in ("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"):
            yield kind.unsupported(("DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"))
    if spec["nodeAffinity"]:
        if spec["nodeAffinity"]["required"]:
            yield from node_selector(spec["nodeAffinity"]["required"])
        else:
            yield spec["nodeAffinity"]["required"].required()


_VOLUMES = (
    *("hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "nfs", "rbd", "quobyte", "cephfs", "iscsi", "cinder", "fc"),
    *("flocker", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk", "scaleIO", "local", "storageos"),
    *("csi", "flexVolume"),
)


def storage_class(document: Spot) -> Problems:
    provisioner = document["provisioner"]
    if not provisioner.text:
        yield provisioner.required("what makes the volumes")
    elif problem := names.qualified(provisioner.text.lower()):
        yield provisioner.invalid(problem)
    for field, allowed in (("reclaimPolicy", ("Delete", "Retain")), ("volumeBindingMode", ("Immediate", "WaitForFirstConsumer"))):
        yield from one_of(document[field], allowed)
        if document[field] and not document[field].text:
            yield document[field].unsupported(allowed)
    for key, value in document["parameters"].pairs():
        if not key:
            yield value.invalid("a parameter has a name")
