"""Volumes of a pod, and claims (ValidateVolumes, ValidatePersistentVolumeClaimSpec of k8s.io/kubernetes, v1.35)."""

from aichaos.check.admission import names
from aichaos.check.admission.containers import inside, own_name
from aichaos.check.admission.environment import field_reference, resource_reference
from aichaos.check.admission.metadata import labels, selector
from aichaos.check.admission.quantities import amount
from aichaos.check.admission.spot import Problems, Spot, one_of

MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")

_HOST_TYPES = ("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
_FILE_FIELDS = frozenset({"metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"})
# The others are behind gates that are closed: the server takes them out.
_PROJECTIONS = ("secret", "configMap", "downwardAPI", "serviceAccountToken")
_KNOWN = frozenset(
    {"hostPath", "emptyDir", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "secret", "nfs", "iscsi", "glusterfs"}
    | {"persistentVolumeClaim", "rbd", "flexVolume", "cinder", "cephfs", "flocker", "downwardAPI", "fc", "azureFile", "configMap"}
    | {"vsphereVolume", "quobyte", "azureDisk", "photonPersistentDisk", "projected", "portworxVolume", "scaleIO", "storageos", "csi"}
    | {"ephemeral", "image"}
)


def volumes(spec: Spot) -> Problems:
    taken: set[str] = set()
    for volume in spec["volumes"].each():
        yield from own_name(volume, "volume", taken)
        sources = [value for key, value in volume.pairs() if key in _KNOWN and value]
        for extra in sources[1:]:
            yield extra.forbidden("a volume has one source")
        for source in sources[:1]:
            yield from _source(source)


def volume_kinds(spec: Spot) -> dict[str, str]:
    """The pod's volumes by name, with the kind of their source."""
    return {
        volume["name"].text: next((key for key, value in volume.pairs() if key in _KNOWN and value), "emptyDir")
        for volume in spec["volumes"].each()
    }


def _source(source: Spot) -> Problems:
    match source.name:
        case "hostPath":
            if not source["path"].text:
                yield source["path"].required()
            elif ".." in source["path"].text.split("/"):
                yield source["path"].invalid("it may not hold ..")
            if source["type"].text not in _HOST_TYPES:
                yield source["type"].unsupported([each for each in _HOST_TYPES if each])
        case "emptyDir":
            much = amount(source["sizeLimit"])
            if much is not None and much < 0:
                yield source["sizeLimit"].invalid("it must be 0 or more")
        case "secret":
            if not source["secretName"].text:
                yield source["secretName"].required()
            yield from _files(source)
        case "configMap":
            if not source["name"].text:
                yield source["name"].required()
            yield from _files(source)
        case "persistentVolumeClaim":
            if not source["claimName"].text:
                yield source["claimName"].required()
        case "nfs":
            for field in ("server", "path"):
                if not source[field].text:
                    yield source[field].required()
            if source["path"].text and not source["path"].text.startswith("/"):
                yield source["path"].invalid("it is a path from the root, with a / at its start")
        case "downwardAPI":
            yield from _mode(source["defaultMode"])
            for item in source["items"].each():
                yield from _downward(item)
        case "projected":
            yield from _projected(source)
        case "ephemeral":
            template = source["volumeClaimTemplate"]
            if not template:
                yield template.required()
            else:
                for key, value in template["metadata"].pairs():
                    if key not in ("labels", "annotations") and value.value not in ("", 0, [], {}, False):
                        yield value.forbidden("the claim gets its own; labels and annotations are yours")
                yield from labels(template["metadata"]["labels"])
                yield from claim(template["spec"])
        case "csi":
            if not source["driver"].text:
                yield source["driver"].required()


def _mode(mode: Spot) -> Problems:
    if mode and not 0 <= mode.number <= 0o777:
        yield mode.invalid("it must be from 0 to 0777 (511)")


def _files(source: Spot) -> Problems:
    yield from _mode(source["defaultMode"])
    yield from _items(source)


def _items(source: Spot) -> Problems:
    for item in source["items"].each():
        if not item["key"].text:
            yield item["key"].required()
        yield from _place(item["path"])
        yield from _mode(item["mode"])


def _place(path: Spot) -> Problems:
    if not path.text:
        yield path.required()
        return
    yield from inside(path)
    first = path.text.split("/")[0]
    if first.startswith("..") and first != "..":
        yield path.invalid("it may not start with ..")


def _downward(item: Spot) -> Problems:
    yield from _place(item["path"])
    field, resource = item["fieldRef"], item["resourceFieldRef"]
    if field and resource:
        yield item.invalid("it takes a fieldRef or a resourceFieldRef, not both")
    elif not field and not resource:
        yield item.required("it takes one of fieldRef, resourceFieldRef")
    yield from field_reference(field, _FILE_FIELDS)
    yield from resource_reference(resource, volume=True)
    yield from _mode(item["mode"])


def _projected(source: Spot) -> Problems:
    yield from _mode(source["defaultMode"])
    taken: set[str] = set()
    for one in source["sources"].each():
        given = [one[field] for field in _PROJECTIONS if one[field]]
        for extra in given[1:]:
            yield extra.forbidden("each source is one thing; write another list item")
        for kind in given[:1]:
            match kind.name:
                case "secret" | "configMap":
                    if not kind["name"].text:
                        yield kind["name"].required()
                    yield from _items(kind)
                case "downwardAPI":
                    for item in kind["items"].each():
                        yield from _downward(item)
                case "serviceAccountToken":
                    yield from _token(kind)
        for kind in given:
            for path in (item["path"] for item in kind["items"].each()):
                if path.text and path.text in taken:
                    yield path.invalid("another file is put there")
                taken.add(path.text)


def _token(token: Spot) -> Problems:
    seconds = token["expirationSeconds"]
    if seconds and not 600 <= seconds.number <= 2**32:
        yield seconds.invalid("a token lives 600 seconds at least")
    if not token["path"].text:
        yield token["path"].required()
    else:
        yield from inside(token["path"])


def claim(spec: Spot, *, template: bool = True) -> Problems:
    """The spec of a PersistentVolumeClaim, alone or as a template in another object."""
    modes = spec["accessModes"]
    if not modes.each():
        yield modes.required("one access mode at least")
    yield from access_modes(modes)
    if spec["selector"]:
        yield from selector(spec["selector"])
    storage = spec["resources"]["requests"]["storage"]
    much = amount(storage)
    if not storage:
        yield storage.required("a claim says how much")
    elif much is not None and much <= 0:
        yield storage.invalid("it must be more than 0")
    yield from one_of(spec["volumeMode"], ("Block", "Filesystem"))
    if spec["storageClassName"].text and (problem := names.subdomain(spec["storageClassName"].text)):
        yield spec["storageClassName"].invalid(problem)
    yield from _sources(spec, template=template)
    if spec["volumeAttributesClassName"].text and (problem := names.subdomain(spec["volumeAttributesClassName"].text)):
        yield spec["volumeAttributesClassName"].invalid(problem)


def _sources(spec: Spot, *, template: bool) -> Problems:
    """Where the content comes from. Of a claim itself the server takes out what it does not know, of a template it does not."""
    source, reference = spec["dataSource"], spec["dataSourceRef"]
    space = reference["namespace"]
    if space.text and not template:
        reference = Spot(None)
    elif space.text:
        if problem := names.label(space.text):
            yield space.invalid(problem)
        if source:
            yield source.invalid("it may not stand beside a dataSourceRef of another namespace")
    known = (source["apiGroup"].text, source["kind"].text) in (("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot"))
    given = [one for one in (source if known or reference or template else Spot(None), reference) if one]
    for one in given:
        for field in ("name", "kind"):
            if not one[field].text:
                yield one[field].required()
        if not one["apiGroup"].text and one["kind"].text and one["kind"].text != "PersistentVolumeClaim":
            yield one["kind"].invalid("without an apiGroup it is a PersistentVolumeClaim")
        if one["apiGroup"].text and (problem := names.subdomain(one["apiGroup"].text)):
            yield one["apiGroup"].invalid(problem)
    if len(given) > 1 and any(source[field].text != reference[field].text for field in ("apiGroup", "kind", "name")):
        yield reference.invalid("dataSource names another one")


def access_modes(modes: Spot) -> Problems:
    for mode in modes.each():
        if mode.text not in MODES:
            yield mode.unsupported(MODES)
    if "ReadWriteOncePod" in modes.texts() and len(modes.each()) > 1:
        yield modes.forbidden("ReadWriteOncePod stands alone")
