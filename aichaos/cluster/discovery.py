"""What an API server serves: groups, versions, resources."""

from functools import cached_property

import msgspec

from aichaos.cluster.reader import Forbidden, Reader
from aichaos.cluster.troubles import not_kubernetes
from aichaos.domain.chaos import ENGINE_GROUPS
from aichaos.domain.kinds import BY_NAME, KINDS
from aichaos.errors import ServerError, UnauthorizedError, UsageError

_AGGREGATED = ",".join(
    (
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",  # Kubernetes 1.26 to 1.29
        "application/json",
    )
)


class _Answer(msgspec.Struct, rename="camel"):
    """All four kinds of answers in one: APIGroupDiscoveryList has items, APIGroupList groups, APIVersions versions."""

    class Item(msgspec.Struct, rename="camel"):
        class Meta(msgspec.Struct, frozen=True):
            name: str = ""

        class Version(msgspec.Struct, rename="camel"):
            class Resource(msgspec.Struct, rename="camel"):
                class Kind(msgspec.Struct):
                    kind: str = ""

                resource: str
                response_kind: Kind | None = None

            version: str
            resources: list[Resource] | None = None

        metadata: Meta = Meta()
        versions: list[Version] | None = None

    class Group(msgspec.Struct):
        class Version(msgspec.Struct):
            version: str

        name: str
        versions: list[Version] = []

    kind: str = ""
    items: list[Item] | None = None
    groups: list[Group] | None = None
    versions: list[str] | None = None


class _Resources(msgspec.Struct):
    """APIResourceList of servers before 1.26; subresources are named `pods/log`."""

    class Resource(msgspec.Struct):
        name: str
        kind: str = ""

    resources: list[Resource] | None = None


class Served:
    """What is served, by group: version → plural → kind. Versions are in the server's order, preferred first."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, dict[str, str]]] = {}

    def add(self, group: str, version: str, resources: dict[str, str]) -> None:
        self._groups.setdefault(group, {})[version] = resources

    def versions(self, group: str, plural: str) -> tuple[str, ...]:
        """The versions that have a resource."""
        return tuple(version for version, resources in self._groups.get(group, {}).items() if plural in resources)

    def group_versions(self, group: str) -> tuple[str, ...]:
        return tuple(self._groups.get(group, {}))

    def resources(self, group: str, version: str) -> dict[str, str]:
        """Plural → kind of one version of a group; empty where it is not served."""
        return self._groups.get(group, {}).get(version, {})

    def resource(self, kind: str) -> tuple[str, str, str] | None:
        """Group, preferred version and plural of a kind, by its name alone: the core's first; None where nothing is called so."""
        for group, versions in sorted(self._groups.items()):
            for version, resources in versions.items():
                for plural, name in resources.items():
                    if name == kind:
                        return group, version, plural
        return None

    def kinds(self, group: str) -> tuple[str, ...]:
        return tuple(sorted({kind for resources in self._groups.get(group, {}).values() for kind in resources.values() if kind}))


def discover(reader: Reader) -> Served:
    """Two requests on any server since Kubernetes 1.26; on older ones two more for each group that a snapshot or an engine has.

    Raises SourceError; UnauthorizedError where the server does not let us ask, which it lets everyone it knows.
    """
    served = Served()
    for path in ("/api", "/apis"):
        try:
            answer = reader.get_json(path, _Answer, accept=_AGGREGATED)
        except Forbidden as error:
            hint = "The kubeconfig's user has no credentials, or none that this server takes: log in again."
            raise UnauthorizedError(f"{reader.connection.server} does not know us: {error}", hint=hint) from error
        if answer is None or not answer.kind.startswith("API"):
            raise not_kubernetes(reader.connection.server, f"nothing of use at {path}")
        if answer.items is not None:
            _add_aggregated(served, answer.items)
        else:
            _add_plain(reader, served, answer)
    return served


def _add_aggregated(served: Served, items: list[_Answer.Item]) -> None:
    for item in items:
        for version in item.versions or []:
            resources = {r.resource: r.response_kind.kind if r.response_kind else "" for r in version.resources or []}
            served.add(item.metadata.name, version.version, resources)


def _add_plain(reader: Reader, served: Served, answer: _Answer) -> None:
    wanted = {kind.group for kind in KINDS} | set(ENGINE_GROUPS)
    found = [("", version, f"/api/{version}") for version in answer.versions or []]
    for group in answer.groups or []:
        found += [(group.name, v.version, f"/apis/{group.name}/{v.version}") for v in group.versions if group.name in wanted]
    for name, version, path in found:
        listed = reader.get_json(path, _Resources)
        resources = listed.resources or [] if listed is not None else []
        served.add(name, version, {r.name: r.kind for r in resources if "/" not in r.name})


class _Version(msgspec.Struct, rename="camel"):
    major: str = ""
    minor: str = ""
    emulation_major: str = ""
    emulation_minor: str = ""


def kubernetes(reader: Reader) -> str:
    """The version of Kubernetes whose API a server serves, as `1.35`; the older one that it emulates, where it does (KEP-4330).

    Raises SourceError where it does not say.
    """
    found = reader.get_json("/version", _Version) or _Version()
    major, minor = found.emulation_major or found.major, found.emulation_minor or found.minor
    minor = minor.rstrip("+")  # as some providers write it
    if not (major.isdigit() and minor.isdigit()):
        raise ServerError(f"{reader.connection.server} does not say which version of Kubernetes it is", hint="Does `kubectl version`?")
    return f"{major}.{minor}"


class Kinds:
    """What the server calls kinds that are named by their kind alone; asked once, where our own table does not know it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @cached_property
    def served(self) -> Served:
        return discover(self._reader)

    def resource(self, kind: str) -> tuple[str, str, str]:
        """Group, version and plural: in the version in which we read it, else in the server's own first choice. Raises UsageError."""
        known = BY_NAME.get(kind)
        if known is not None:
            versions = self.served.versions(known.group, known.plural)
            if versions:
                return known.group, next((one for one in known.versions if one in versions), versions[0]), known.plural
            if not known.optional:
                message = f"the cluster serves no {known.plural} of {known.api_version()}"
                raise UsageError(message, hint="Is it of another version of Kubernetes? `kubectl api-resources` lists what it serves.")
        elif (found := self.served.resource(kind)) is not None:
            return found
        hint = "Is it written as in its manifests, and served by this version? `kubectl api-resources` lists what is."
        raise UsageError(f"the cluster has no kind {kind[:60]!r}", hint=hint)
