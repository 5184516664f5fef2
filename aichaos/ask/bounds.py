"""Where the user's words put the limits: the namespaces to stay in, and what is to be left alone.

A limit is read generously: a half-named object is left alone rather than hit. What it is about must exist; a limit about nothing is said.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import msgspec

from aichaos.ask.kubectl_lines import kind_called
from aichaos.ask.words import common_words
from aichaos.domain.base import ObjectRef
from aichaos.domain.experiment import Experiment, Step
from aichaos.domain.kinds import BY_NAME
from aichaos.domain.network import NetworkPolicy, Service
from aichaos.domain.workloads import Pod, Workload
from aichaos.files.plain import mapping, sequence, text
from aichaos.observe.faults import faults, litmus_faults
from aichaos.observe.targets import PodKey, chaos_mesh, keys, litmus, selector_of, service_of_host
from aichaos.observe.topology import Topology

MOST = 20_000
"""Characters in which limits are looked for."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be left alone. verbs: what must not be done to it; none for anything. only: everything but these, among what exists."""

    said: str
    verbs: frozenset[str] = frozenset()
    refs: frozenset[ObjectRef] = frozenset()
    namespaces: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    only: bool = False

    @property
    def named(self) -> list[str]:
        """It in words, for a person and for a model."""
        objects = [*sorted(map(str, self.refs)), *(f"namespace {name}" for name in sorted(self.namespaces))]
        what = objects or [f"any {kind}" for kind in sorted(self.kinds)] or ["anything"]
        return [f"anything but {' and '.join(objects)}"] if self.only else what


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """namespaces: those to stay in, that exist; none for all. unknown: those that are named and do not exist. kept: what is to be left
    alone. unheard: what was to be left alone and is not there. rest: the sentence without what is to be left alone."""

    namespaces: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    unheard: tuple[str, ...] = ()
    rest: str = ""

    @property
    def names(self) -> frozenset[str]:
        """In lower case, what is to be left alone."""
        kept = [one for one in self.kept if not one.only]
        return frozenset(name.lower() for one in kept for name in (*one.namespaces, *(ref.name for ref in one.refs)))


# reading ------------------------------------------------------------------------------------------------------------------------------

_NAME = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_TOUCH = (
    r"touch|hit|harm|affect|break|disturb|modify|change|edit|alter|use|target|involve|attack|disrupt|mess with|interfere with|go near"
    r"|include|impact"
)
_TAKE = r"delete|remove|kill|recreate|destroy|take down|take away|evict|terminate"
_REST = r"[^.;!?\n]|\.(?=[a-z0-9])"
_ARTICLE = (
    r"(?:the[ ]+|my[ ]+|our[ ]+|any[ ]+)?(?:namespace[ ]+|service[ ]+|deployment[ ]+|httproute[ ]+|route[ ]+|gateway[ ]+|pod[ ]+)?[\"'“]?"
)
_ALL_BUT = r"except(?:[ ]+for)?|excluding|exclude|excepting|other than|apart from"
_DO = r"inject|run|add|apply|deploy|create|send|put|start|work|do|operate|experiment|perform"
_WHERE = r"in|into|on|from|inside|within|for|to|at|against"
_NEVER = r"(?:(?:do|does|must|should|shall|can|may|will|please)[ ]?(?:not|n['’]t)|don['’]?t|never|nor)[ ]+(?:ever[ ]+)?"
_LIMITS = (
    rf"{_NEVER}(?:(?P<touch>{_TOUCH})|(?P<take>{_TAKE})|(?P<scale>scale|shrink|resize)|(?P<restart>restart|reboot))\b(?P<after>(?:{_REST}){{0,240}})",
    r"without[ ]+(?:(?:touch|hitt|harm|affect|break|disturb|modify|chang|us|target)ing|(?P<taking>delet|remov|kill)ing|(?P<scaling>scal)ing"
    rf"|(?P<restarting>restart)ing)\b(?P<after2>(?:{_REST}){{0,240}})",
    rf"{_NEVER}(?:{_DO})[ ]+(?:(?:{_REST}){{0,60}}?[ ])?(?:{_WHERE})[ ]+(?P<after3>(?:{_REST}){{0,120}})",
    rf"(?:{_ALL_BUT}|(?:not|nothing|never)[ ]+(?:{_WHERE})|(?:stay|keep) (?:away from|out of))[ ]+(?P<after4>(?:{_REST}){{0,160}})",
    rf"(?:not|avoid|spare|skip|hands off)[ ]+(?!only\b|just\b){_ARTICLE}(?P<exact>{_NAME})",
    rf"(?:leave|keep(?![ ]+\w+ing\b))[ ]+(?P<inside>(?:{_REST}){{1,80}}?)[ ]+(?:alone|untouched|unchanged|as (?:it|they) (?:is|are)|out\b"
    r"|in peace|running|intact|up\b|alive|safe)",
    rf"(?P<before>(?:{_REST}){{1,120}}?)[ ]+(?:(?:is|are)[ ]+(?:off[ -]limits|taboo|untouchable|sacred)"
    r"|(?:must|should|may|shall|can)(?:[ ]?not|n['’]t)[ ]+be[ ]+"
    r"(?:touched|hit|harmed|affected|changed|deleted|used|targeted|disturbed|broken|scaled|restarted|killed)"
    r"|(?:must|should|has to|have to)[ ]+(?:stay|remain|keep|be left)[ ]+(?:up|alone|untouched|as|alive|running|intact))",
)
_GROUPS = ("after", "after2", "after3", "after4", "exact", "inside", "before")
_SURE = frozenset({"after", "after2"})
"""What can't be anything else than a limit."""
_ENDS = re.compile(
    r"[,:]?[ ]+(?:and[ ]+)?(?:but|only|instead|just|rather|then|please|so that|inject|scale|delete|kill|restart|add|slow|delay|perform|run"
    r"|make|take|give|use|target|look)\b",
    re.IGNORECASE,
)
"""Where a limit ends and something else begins."""
_BUT = re.compile(
    r"^[ ]*(?:(?:any|every)(?:thing|body)?|nothing|all|the rest|others?)\b(?:(?!\b(?:except|but|besides|outside|than|apart)\b).){0,60}"
    r"\b(?:except(?:[ ]+for)?|but|besides|outside(?:[ ]+of)?|than|apart[ ]+from)\b(?P<these>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TAKING = frozenset({"delete", "recreate", "scale", "restart", "kill"})


@cache
def _limits() -> re.Pattern[str]:
    """Made when words are read: it takes longer than most of a start."""
    return re.compile("|".join(rf"\b(?:{limit})" for limit in _LIMITS), re.IGNORECASE)


@cache
def _only() -> re.Pattern[str]:
    """The namespaces that a sentence confines itself to."""
    return re.compile(
        rf"(?:\b(?:target|targeting|in|into|within|to|for|inside|only|of|from|use|using)\s+(?:only\s+)?(?:the\s+|my\s+|our\s+)?"
        rf"[\"'“‘`]?(?P<before>{_NAME})[\"'”’`]?\s+namespaces?\b"
        rf"|\btarget(?:s|ing)?\s+(?:only\s+)?(?:the\s+|my\s+|our\s+)?[\"'“‘`]?(?P<target>{_NAME})"
        rf"|\bnamespaces?\s*(?P<said>is\s+|are\s+|called\s+|named\s+|:\s*|=\s*)?[\"'“‘`]?(?P<after>{_NAME})"
        rf"(?:[\"'”’`]?(?:\s*,\s*|\s+and\s+|\s+or\s+)[\"'“‘`]?(?P<second>{_NAME}))?"
        rf"|(?:^|\s)(?:-n|--namespace)[ =](?P<flag>{_NAME}))",
        re.IGNORECASE,
    )


def bounds(words: str, topology: Topology, said: tuple[str, ...] = ()) -> Bounds:
    """The limits in a sentence. said: earlier lines of a conversation; what was to be left alone then still is, unless it is named now."""
    words = words[:MOST]
    kept: list[Kept] = []
    unheard: list[str] = []
    rest = list(words)
    for clause in _clauses(words):
        found = _kept(clause, topology)
        if found is None:
            if clause.certain:
                unheard.append(clause.said)
            continue
        kept.append(found)
        rest[clause.start : clause.end] = " " * (clause.end - clause.start)
    left = "".join(rest)
    named = {name.lower() for name in re.findall(_NAME, left, re.IGNORECASE)}
    for line in said:
        if line.startswith("Engineer: "):
            earlier = (_kept(clause, topology) for clause in _clauses(line[:MOST]))
            kept += [one for one in earlier if one is not None and not any(ref.name.lower() in named for ref in one.refs)]
    wanted, unknown = _wanted(left, topology)
    stays = [name for one in kept if one.only for name in sorted(one.namespaces)]
    return Bounds(
        namespaces=tuple(dict.fromkeys([*wanted, *stays])),
        unknown=tuple(unknown),
        kept=tuple(dict.fromkeys(one for one in kept if not (one.only and not one.refs))),
        unheard=tuple(unheard),
        rest=left,
    )


class _Clause(msgspec.Struct, frozen=True, kw_only=True):
    """A limit as it is said. names: the part that names what it is about. certain: whether it can't be anything else than a limit.
    whole: whether it counts only with the whole name of something."""

    said: str
    names: str
    start: int
    end: int
    verbs: frozenset[str] = frozenset()
    certain: bool = True
    whole: bool = False


def _clauses(words: str) -> Iterator[_Clause]:
    for match in _limits().finditer(words) if words else ():
        group = next(name for name in _GROUPS if match[name] is not None)
        names, end = match[group], match.end()
        if group.startswith("after") and (ends := _ENDS.search(names)) and not _BUT.match(names):
            end -= len(names) - ends.start()
            names = names[: ends.start()]
        start = match.start()
        if group == "before":
            start += names.rfind(",") + 1
            names = names[names.rfind(",") + 1 :]
        verbs = _TAKING if match["take"] or match["taking"] else frozenset[str]()
        verbs = frozenset({"scale"}) if match["scale"] or match["scaling"] else verbs
        verbs = frozenset({"restart"}) if match["restart"] or match["restarting"] else verbs
        said = " ".join(words[start:end].split())
        certain = group in _SURE or (group == "inside" and said.lower().startswith("leave"))
        yield _Clause(said=said[:120], names=names, start=start, end=end, verbs=verbs, certain=certain, whole=group == "exact")


def _kept(clause: _Clause, topology: Topology) -> Kept | None:
    but = _BUT.match(clause.names)
    refs, namespaces, kinds = _named(but["these"] if but else clause.names, clause, topology)
    if refs or namespaces:
        return Kept(said=clause.said, verbs=clause.verbs, refs=refs, namespaces=namespaces, only=but is not None)
    if kinds and clause.certain and not but:
        return Kept(said=clause.said, verbs=clause.verbs, kinds=kinds)
    if clause.certain and not but and re.match(r"[ ]*(?:any|every)?thing\b(?![ ]+else)", clause.names, re.IGNORECASE) and clause.verbs:
        return Kept(said=clause.said, verbs=clause.verbs)
    return None


def _named(names: str, clause: _Clause, topology: Topology) -> tuple[frozenset[ObjectRef], frozenset[str], frozenset[str]]:
    """Objects, namespaces and kinds that are named; those whose names hold a word where no whole name is there."""
    words = list(dict.fromkeys(word.lower() for part in re.findall(_NAME, names, re.IGNORECASE) for word in part.split("/")))
    by_name, by_part = _index(topology)
    called = (
        rf"\b(?:in|into|inside|within|out of)\s+(?:the\s+)?[\"'“]?({_NAME})",
        rf"namespaces?\s+[\"'“]?({_NAME})",
        rf"({_NAME})[\"'”]?\s+namespace",
    )
    after_namespace = {name.lower() for pattern in called for name in re.findall(pattern, clause.said, re.IGNORECASE)}
    whole: set[ObjectRef] = set()
    refs: set[ObjectRef] = set()
    homes: set[str] = set()
    kinds: set[str] = set()
    for word in words:
        if word in topology.namespaces and (word in after_namespace or word not in by_name or "-" in word):
            homes.add(word)
            if word in after_namespace:
                continue
        kind = _KINDS.get(word) or kind_called(word)
        if kind in BY_NAME:
            kinds.add(kind)
        elif word in by_name:
            whole |= by_name[word]
        elif not clause.whole and word not in homes and len(word) > 3 and word not in common_words():
            refs |= by_part.get(word, set())
            homes |= {name for name in topology.namespaces if word in re.split(r"[-.]", name.lower())}
    whole = {ref for ref in whole if ref.kind in kinds} or whole
    return frozenset(whole | refs), frozenset(homes), frozenset(kinds)


_KINDS = {"route": "HTTPRoute", "routes": "HTTPRoute", "httproutes": "HTTPRoute", "services": "Service", "gateways": "Gateway"}


def _index(topology: Topology) -> tuple[dict[str, set[ObjectRef]], dict[str, set[ObjectRef]]]:
    """Objects by their names, and by each part of them."""
    whole: dict[str, set[ObjectRef]] = defaultdict(set)
    parts: dict[str, set[ObjectRef]] = defaultdict(set)
    for ref in topology.objects:
        if ref.kind in ("Namespace", "Node", "EndpointSlice"):
            continue
        whole[ref.name.lower()].add(ref)
        for part in re.split(r"[-.]", ref.name.lower()):
            parts[part].add(ref)
    return whole, parts


def _wanted(words: str, topology: Topology) -> tuple[list[str], list[str]]:
    """Namespaces that the words restrict an experiment to: those that exist, and those that do not."""
    wanted: list[str] = []
    unknown: list[str] = []
    for match in _only().finditer(words) if words else ():
        for group in ("before", "target", "after", "second", "flag"):
            name = (match[group] or "").lower().rstrip(".")
            if name in topology.namespaces:
                wanted.append(name)
            elif name and group != "target" and (re.search(r"[-\d]", name) or (group == "after" and match["said"]) or group == "flag"):
                unknown.append(name)
    return list(dict.fromkeys(wanted)), list(dict.fromkeys(unknown))


# holding an experiment against them ----------------------------------------------------------------------------------------------------


class Trespass(msgspec.Struct, frozen=True, kw_only=True):
    """A step that does to something what was not to be done. index: of the step, from 0."""

    index: int
    step: Step
    kept: Kept
    what: str


def trespasses(experiment: Experiment, limits: Bounds, topology: Topology) -> Iterator[Trespass]:
    """Each step that touches what was to be left alone: by its name, by a selector, or by a rule for its host."""
    for index, step in enumerate(experiment.spec.steps):
        for kept in limits.kept:
            if kept.verbs and not kept.verbs & _does(step):
                continue
            what = _reached(step, kept, topology)
            if what:
                yield Trespass(index=index, step=step, kept=kept, what=what)


def _does(step: Step) -> frozenset[str]:
    kills = step.chaos is not None and (
        any(fault.kind == "PodChaos" for fault in faults(step.chaos)) or any("delete" in one.name for one in litmus_faults(step.chaos))
    )
    return frozenset({step.verb, "kill"} if kills else {step.verb})


def _reached(step: Step, kept: Kept, topology: Topology) -> str:
    """What of it a step reaches, in words; "" for nothing."""
    subject = step.subject
    if subject is None:
        return ""
    exists = topology.exists(subject)
    if kept.only:
        return str(subject) if exists and subject not in kept.refs and subject.namespace not in kept.namespaces else ""
    if subject in kept.refs or (exists and subject.kind in kept.kinds):
        return str(subject)
    if subject.namespace in kept.namespaces:
        return f"namespace {subject.namespace}"
    if not kept.refs and not kept.namespaces and not kept.kinds:
        return str(subject)
    namespaces, pods = _selected(step, topology)
    if within := sorted(namespaces & kept.namespaces):
        return f"namespace {within[0]}"
    if "Pod" in kept.kinds and pods:
        return "pods"
    hosts = _hosts(step)
    for ref in sorted(kept.refs):
        if ref.kind == "Service" and (ref.namespace, ref.name) in hosts:
            return str(ref)
        if pods & keys(_pods(ref, topology)):
            return str(ref)
    return ""


def _selected(step: Step, topology: Topology) -> tuple[set[str], frozenset[PodKey]]:
    """The namespaces and the pods that a step reaches by a selector, or by changing what keeps them."""
    subject, manifest = step.subject, step.manifest
    if manifest is None:
        taking = step.delete or step.scale or step.restart or step.label or step.patch
        return set(), keys(_pods(subject, topology)) if taking and subject and subject.kind != "Service" else frozenset()
    home = text(mapping(manifest.get("metadata")).get("namespace"))
    spec = mapping(manifest.get("spec"))
    selectors = [side.get("selector") for fault in faults(manifest) for side in (fault.spec, mapping(fault.spec.get("target"))) if side]
    found = [chaos_mesh(topology, selector, home) for selector in selectors]
    if any(litmus_faults(manifest)) and (aimed := litmus(topology, spec.get("appinfo"), home)):
        found.append(aimed)
    namespaces = {name for one in found for name in one.namespaces}
    pods = frozenset[PodKey]().union(*(keys(one.pods) for one in found))
    if manifest.get("kind") == "NetworkPolicy":
        pods |= keys(topology.select(home, selector_of(spec.get("podSelector"))))
    return namespaces, pods


def _hosts(step: Step) -> set[tuple[str, str]]:
    """Services that a mesh rule is for, by its hosts."""
    manifest = step.manifest
    if manifest is None:
        return set()
    home = text(mapping(manifest.get("metadata")).get("namespace"))
    spec = mapping(manifest.get("spec"))
    hosts = [spec.get("host"), *sequence(spec.get("hosts"))]
    return {key for host in hosts if isinstance(host, str) and (key := service_of_host(host, home))}


def _pods(ref: ObjectRef | None, topology: Topology) -> list[Pod]:
    match topology.objects.get(ref) if ref else None:
        case Pod() as pod:
            return [pod]
        case Workload() as workload:
            return topology.pods_of(workload)
        case Service() as service:
            return topology.service_pods(service)
        case NetworkPolicy() as policy:
            return topology.select(policy.namespace, policy.spec.pod_selector)
    return []


def said_to_a_model(limits: Bounds) -> list[str]:
    """The limits as lines of a prompt."""
    lines = []
    for one in limits.kept[:_MOST_TOLD]:
        names = one.named[:_MOST_TOLD]
        more = f" and {len(one.named) - len(names)} more" if len(one.named) > len(names) else ""
        what = f"may {' or '.join(sorted(one.verbs - {'kill'}))}" if one.verbs else "may touch, by name, selector, policy or rule,"
        lines.append(f'BINDING, the request says "{one.said}": no step {what} {", ".join(names)}{more}')
    return lines


_MOST_TOLD = 8


def said_to_the_user(limits: Bounds) -> list[str]:
    """What of the limits the user should know, whoever answers."""
    notes = [f"left alone, as your words say: {', '.join(one.named[:_MOST_TOLD])}" for one in limits.kept]
    notes += [f"your words name namespace {name}, which this cluster does not have" for name in limits.unknown]
    notes += [f'nothing that this cluster has is meant by "{said}"' for said in limits.unheard]
    return notes
