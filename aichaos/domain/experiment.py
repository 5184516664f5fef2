"""The experiment file: one document that says what is done to a cluster, what should hold meanwhile, and how it ends.

The verbs of a step are a closed set. None of them runs a command; text of a model can only ever become one of these.
"""

import re
from typing import Any

import msgspec

from aichaos.domain.base import ObjectRef, plain, reference_of

API_VERSION = "aichaos/v1"
Manifest = dict[str, Any]
Number = int | float


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    pass


class Target(_Part, frozen=True, kw_only=True):
    """An object that exists, named."""

    kind: str
    name: str
    namespace: str = ""

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef(self.kind, self.name, self.namespace)


class Patch(Target, frozen=True, kw_only=True):
    """`merge` is an RFC 7386 merge patch."""

    merge: Manifest


class Label(Target, frozen=True, kw_only=True):
    set: dict[str, str] = {}
    remove: list[str] = []


class Scale(Target, frozen=True, kw_only=True):
    replicas: int


class Until(_Part, frozen=True, kw_only=True):
    """`object` is `Kind/ns/name`, `condition` the type of a status condition that must be True."""

    object: str
    condition: str


class Wait(_Part, frozen=True, kw_only=True):
    """Either `for` a time, or `until` a condition holds with a `timeout`. Durations are Go durations: `90s`, `1m30s`."""

    for_: str | None = msgspec.field(name="for", default=None)
    until: Until | None = None
    timeout: str | None = None


Action = Manifest | Target | Patch | Label | Scale | Wait | str
VERBS = ("create", "apply", "delete", "recreate", "patch", "label", "scale", "restart", "chaos", "wait", "probe")
"""The closed set. `chaos` may carry a `hold`; every other verb stands alone."""


class Step(_Part, frozen=True, kw_only=True):
    """One thing that is done: a name and exactly one verb. Raises ValueError where there is none or more than one."""

    name: str = ""
    create: Manifest | None = None
    apply: Manifest | None = None
    delete: Target | None = None
    recreate: Target | None = None
    patch: Patch | None = None
    label: Label | None = None
    scale: Scale | None = None
    restart: Target | None = None
    chaos: Manifest | None = None
    hold: str | None = None
    wait: Wait | None = None
    probe: str | None = None

    def __post_init__(self) -> None:
        given = [verb for verb in VERBS if getattr(self, verb) is not None]
        if len(given) != 1:
            found = f"has {' and '.join(given)}" if given else "has none"
            raise ValueError(f"a step has exactly one verb of {', '.join(VERBS)}; this one {found}")
        if self.hold is not None and self.chaos is None:
            raise ValueError("`hold` belongs to the verb `chaos`")

    @property
    def verb(self) -> str:
        return next(verb for verb in VERBS if getattr(self, verb) is not None)

    @property
    def manifest(self) -> Manifest | None:
        """The object that this step brings into the cluster; None where it brings none."""
        return self.create or self.apply or self.chaos

    @property
    def target(self) -> Target | None:
        """The object that must be there for this step."""
        return self.delete or self.recreate or self.patch or self.label or self.scale or self.restart

    @property
    def subject(self) -> ObjectRef | None:
        """The object that this step changes; None for a step that only waits or looks."""
        if self.manifest is not None:
            return reference_of(self.manifest)
        return self.target.ref if self.target else None


class Scope(_Part, frozen=True, kw_only=True):
    """The limits that the author sets: nothing outside `namespaces` is touched, not more than `max_pods` pods or `max_share` of them."""

    namespaces: list[str] = []
    max_pods: int | None = None
    max_share: Number | None = None


class Expectation(_Part, frozen=True, kw_only=True):
    status: str | None = None
    backend: str | None = None
    body: str | None = None
    header: str | None = None


METHODS = ("GET", "HEAD", "OPTIONS")
"""What a probe may send: methods that only ask (RFC 9110, 9.2.1). The user's policy can allow others by name."""


class HTTPProbe(_Part, frozen=True, kw_only=True):
    """`via` names who is asked: `gateway/ns/name`, or `service/ns/name`."""

    url: str
    via: str | None = None
    method: str = "GET"
    headers: dict[str, str] = {}
    expect: Expectation = Expectation()


class KubernetesProbe(_Part, frozen=True, kw_only=True):
    object: str
    condition: str


class PrometheusProbe(_Part, frozen=True, kw_only=True):
    """`over`: every value of that stretch up to now has to be as expected; without it, the value now."""

    query: str
    expect: str
    over: str | None = None


class Probe(_Part, frozen=True, kw_only=True):
    """A question with an answer that can be wrong; exactly one of `http`, `kubernetes`, `prometheus`.

    tolerance, slo: what is promised of the answers, as measures with limits or as sentences. rate: questions a second; None for what the
    run is told. failures: of an abort probe, how many in a row end the run.
    """

    name: str
    http: HTTPProbe | None = None
    kubernetes: KubernetesProbe | None = None
    prometheus: PrometheusProbe | None = None
    tolerance: dict[str, str] = {}
    slo: list[str] = []
    rate: Number | None = None
    failures: int | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.http, self.kubernetes, self.prometheus)) != 1:
            raise ValueError("a probe is exactly one of http, kubernetes, prometheus")


class Metric(_Part, frozen=True, kw_only=True):
    name: str
    query: str


class Provenance(_Part, frozen=True, kw_only=True):
    """Where an experiment comes from. `snapshot` is the digest of the cluster that it was made for."""

    backend: str | None = None
    model: str | None = None
    prompt: str | None = None
    snapshot: str | None = None
    words: str | None = None


class Spec(_Part, frozen=True, kw_only=True):
    title: str
    steps: list[Step]
    category: str = ""
    hypothesis: str = ""
    rationale: str = ""
    scope: Scope = Scope()
    deadline: str = "10m"
    intends: list[str] = []
    steady_state: list[Probe] = []
    abort: list[Probe] = []
    metrics: list[Metric] = []
    remediation: list[str] = []
    rollback: list[str] = []
    provenance: Provenance = Provenance()

    @property
    def limit(self) -> float:
        """The deadline in seconds; ten minutes where it is no time."""
        return seconds(self.deadline) or 600.0


class ExperimentMetadata(_Part, frozen=True, kw_only=True):
    name: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Experiment(_Part, frozen=True, kw_only=True):
    metadata: ExperimentMetadata
    spec: Spec
    api_version: str = API_VERSION
    kind: str = "Experiment"

    def __post_init__(self) -> None:
        if self.api_version != API_VERSION or self.kind != "Experiment":
            raise ValueError(f"expected apiVersion {API_VERSION} and kind Experiment, got {self.api_version} and {self.kind}")

    @property
    def name(self) -> str:
        return self.metadata.name


def to_document(experiment: Experiment) -> Manifest:
    """The experiment as the plain document that stands in its file, in the order in which a person reads it."""
    head = {"apiVersion": experiment.api_version, "kind": experiment.kind}
    body: Manifest = plain(experiment)
    body["spec"] = {"title": body["spec"].pop("title")} | _steps_in_place(body["spec"])
    return head | body


def _steps_in_place(spec: Manifest) -> Manifest:
    order = [field.encode_name for field in msgspec.structs.fields(Spec)]
    order.remove("steps")
    order.insert(order.index("abort") + 1, "steps")
    return {name: spec[name] for name in order if name in spec}


_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def seconds(duration: str) -> float | None:
    """A Go duration (`1m30s`, `500ms`) in seconds; None where the text is none (time.ParseDuration, without a sign)."""
    position, total = 0, 0.0
    for part in _DURATION_PART.finditer(duration):
        if part.start() != position:
            return None
        total += float(part[1]) * _UNITS[part[2]]
        position = part.end()
    return total if duration and position == len(duration) else None


def lasting(length: float) -> str:
    """A length of time as people write it, and as `seconds` reads it: 48h, 1h30m, 90.5s."""
    if length < 60 or length != int(length):
        return f"{length:g}s"
    parts = zip((int(length) // 3600, int(length) // 60 % 60, int(length) % 60), "hms", strict=True)
    return "".join(f"{number}{unit}" for number, unit in parts if number)
