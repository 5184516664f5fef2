"""The change of an experiment in words, by rules: numbers with their units, service accounts, namespaces, names.

No model is asked. What a rule understands is put wherever the experiment holds it (see `knobs.py`), the limits and the sentences follow,
and everything else stays as it is. What no rule understands is said.
"""

import copy
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from aichaos.domain.base import LabelSelector
from aichaos.domain.experiment import lasting, seconds
from aichaos.files.plain import labels, mapping, sequence
from aichaos.library.knobs import TEXT, Knob, accounts, knobs, look, put
from aichaos.observe.topology import Topology

Document = dict[str, Any]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the words say, read. text: with times in ms or s. numbers: quantity → value in the unit of `knobs`. said: the same in words, by
    quantity. unread: numbers that could not be read, and are in the text no more."""

    text: str
    numbers: dict[str, float]
    said: dict[str, str]
    account: str | None = None
    unread: tuple[str, ...] = ()


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """The new document; which of the words went into it, and which did not."""

    document: Document
    used: list[str]
    unused: list[str]


def change(document: Document, asked: Asked, topology: Topology) -> Changed:
    """The experiment as asked. Where nothing was understood, `used` is empty and the document the same."""
    work = _Work(copy.deepcopy(document), asked, topology)
    for rule in _RULES:
        rule(work)
    if work.changes or work.used:
        _sentences(work)
        _limits(work)
        _deadline(work)
    unused = [text for quantity, text in asked.said.items() if quantity not in work.done]
    return Changed(document=work.document, used=work.used, unused=[*unused, *work.unused, *asked.unread, *_left(work)])


class _Work:
    def __init__(self, document: Document, asked: Asked, topology: Topology) -> None:
        self.document = document
        self.asked = asked
        self.topology = topology
        self.used: list[str] = []
        self.unused: list[str] = []
        self.done: set[str] = set()
        self.spans: list[str] = []
        self.changes: list[tuple[str, float, float]] = []

    def turn(self, knob: Knob, value: float) -> None:
        put(self.document, knob.path, knob.form.write(value))
        if knob.value != value:
            self.changes.append((knob.quantity, knob.value, value))

    def use(self, quantity: str, text: str) -> None:
        self.done.add(quantity)
        if text not in self.used:
            self.used.append(text)

    def steps(self) -> list[Document]:
        return [mapping(step) for step in sequence(mapping(self.document.get("spec")).get("steps"))]


# rules -----------------------------------------------------------------------------------------------------------------------------


def _numbers(work: _Work) -> None:
    """Latency, jitter, loss, duration, percent, load: wherever the experiment has them."""
    for quantity, value in work.asked.numbers.items():
        there = [knob for knob in knobs(work.document) if knob.quantity == quantity]
        for knob in there:
            work.turn(knob, value)
        placed = bool(there) or _ADDED.get(quantity, _nowhere)(work, value)
        if quantity == "duration" and not there:
            placed = _longest_wait(work, value)
        if placed:
            work.use(quantity, work.asked.said.get(quantity, f"{quantity} {value:g}"))
    if "duration" in work.done:
        for knob in [knob for knob in knobs(work.document) if knob.quantity == "hold"]:
            work.turn(knob, work.asked.numbers["duration"])


def _nowhere(work: _Work, value: float) -> bool:
    return False


def _longest_wait(work: _Work, value: float) -> bool:
    """Where no fault has a duration of its own, the time that a change is left to work is the longest pause."""
    waits = [knob for knob in knobs(work.document) if knob.quantity in ("wait", "hold")]
    if waits:
        work.turn(max(waits, key=lambda knob: knob.value), value)
    return bool(waits)


def _percent(work: _Work, value: float) -> bool:
    """A share of the pods where there was none: Chaos Mesh's mode, Litmus' env entry, the replicas that a scale leaves."""
    placed = _entry(work, "PODS_AFFECTED_PERC", value)
    for step in work.steps():
        for verb in ("chaos", "create", "apply"):
            spec = mapping(mapping(step.get(verb)).get("spec"))
            if "mode" in spec and str(step[verb].get("apiVersion", "")).startswith("chaos-mesh.org/"):
                spec["mode"], spec["value"] = "fixed-percent", TEXT.write(value)
                placed = True
    return placed or _scaled(work, value)


def _scaled(work: _Work, value: float) -> bool:
    for step in work.steps():
        scale = mapping(step.get("scale"))
        current = next(
            (one.replicas for ref, one in work.topology.workloads.items() if (ref.kind, ref.namespace, ref.name) == _target(scale)), 0
        )
        if current and isinstance(scale.get("replicas"), int) and scale["replicas"] < current:
            left = current - math.ceil(current * value / 100)
            work.changes.append(("replicas", scale["replicas"], left))
            scale["replicas"] = left
            return True
    return False


def _target(body: Document) -> tuple[str, str, str]:
    return str(body.get("kind", "")), str(body.get("namespace", "")), str(body.get("name", ""))


def _entry(work: _Work, name: str, value: float) -> bool:
    """Add an env entry to every Litmus network or pod fault that lacks it."""
    placed = False
    for step in work.steps():
        for verb in ("chaos", "create", "apply"):
            for experiment in sequence(look(step, f"/{verb}/spec/experiments")):
                entries = look(experiment, "/spec/components/env")
                if isinstance(entries, list) and not any(mapping(entry).get("name") == name for entry in entries):
                    entries.append({"name": name, "value": TEXT.write(value)})
                    placed = True
    return placed


def _jitter(work: _Work, value: float) -> bool:
    placed = False
    for step in work.steps():
        for verb in ("chaos", "create", "apply"):
            delay = mapping(look(step, f"/{verb}/spec/delay"))
            if "latency" in delay:
                delay["jitter"] = f"{value:g}ms"
                placed = True
            for experiment in sequence(look(step, f"/{verb}/spec/experiments")):
                entries = sequence(look(experiment, "/spec/components/env"))
                if mapping(experiment).get("name") == "pod-network-latency":
                    entries.append({"name": "JITTER", "value": TEXT.write(value)})
                    placed = True
    return placed


_ADDED: dict[str, Callable[[_Work, float], bool]] = {"percent": _percent, "jitter": _jitter}
"""Quantities that can be given where the experiment does not have them yet."""


def _account(work: _Work) -> None:
    if work.asked.account is None:
        return
    places = list(accounts(work.document))
    for path, _ in places:
        put(work.document, path, work.asked.account)
    if places:
        work.use("account", work.asked.said.get("account", f"service account {work.asked.account}"))


_PODS = re.compile(r"(?<![\d.,%])(\d{1,4})\s+(?:\w+\s+)?pods?\b", re.IGNORECASE)
_REPLICAS = re.compile(r"\b(\d{1,4})\s+replicas?\b|\breplicas?\s*(?:to|of|=|:|at)?\s*(\d{1,4})\b", re.IGNORECASE)
_WAIT = re.compile(
    r"\b(?:wait|pause|settle)s?\s*(?:for|of|:|=|to|by)?\s*(\d{1,7}(?:\.\d{1,3})?)\s*(s|sec|seconds?|m|min|minutes?)\b", re.IGNORECASE
)
_DEADLINE = re.compile(
    r"\bdeadline\s*(?:of|to|:|=|is|after)?\s*(\d{1,7}(?:\.\d{1,3})?)\s*(s|sec|seconds?|m|min|minutes?|h|hours?)\b", re.IGNORECASE
)
_SUCCESS = re.compile(
    r"\b(?:success(?:\s+rate)?|availability|at\s+least)\s*(?:of|:|=|>=|is|to)?\s*(?:at\s+least\s+)?(\d{1,3}(?:\.\d{1,3})?)\s*%",
    re.IGNORECASE,
)
_QUANTILE = re.compile(r"\b(p\d{2})\s*(?:below|under|<=?|of|at\s+most|is|to|=)?\s*(\d{1,6}(?:\.\d{1,3})?)\s*(ms|s)\b", re.IGNORECASE)
_INSTEAD = re.compile(
    r"[\"'“]?(?P<new>[a-z0-9][a-z0-9.-]*)[\"'”]?\s+instead\s+of\s+[\"'“]?(?P<old>[a-z0-9][a-z0-9.-]*)"
    r"|\breplace\s+[\"'“]?(?P<old2>[a-z0-9][a-z0-9.-]*)[\"'”]?\s+(?:with|by)\s+[\"'“]?(?P<new2>[a-z0-9][a-z0-9.-]*)"
    r"|\bfrom\s+(?P<old3>[a-z][a-z0-9.-]*)\s+to\s+(?P<new3>[a-z][a-z0-9.-]*)",
    re.IGNORECASE,
)
_DROP = re.compile(
    r"\b(?:without|remove|drop|skip|leave\s+out)\s+(?:the\s+)?step\s+[\"'“]?([a-z0-9][a-z0-9 _-]{0,40}?)[\"'”]?(?=[.,;]|\s+and\b|$)",
    re.IGNORECASE,
)
_NAMESPACE = re.compile(
    r"\b(?:target(?:ing)?|in|into|within|to|for|use)\s+(?:the\s+)?[\"'“]?(?P<a>[a-z0-9][a-z0-9-]*)[\"'”]?\s+namespace\b"
    r"|\bnamespace\s+(?:is\s+|to\s+|:\s*)?[\"'“]?(?P<b>[a-z0-9][a-z0-9-]*)",
    re.IGNORECASE,
)


def _fixed(work: _Work) -> None:
    """`3 pods`: a number instead of a share, where the engine knows one."""
    match = _PODS.search(work.asked.text)
    if match is None or "percent" in work.asked.numbers:
        return
    placed = False
    for step in work.steps():
        for verb in ("chaos", "create", "apply"):
            spec = mapping(mapping(step.get(verb)).get("spec"))
            if "mode" in spec and str(step[verb].get("apiVersion", "")).startswith("chaos-mesh.org/"):
                spec["mode"], spec["value"] = "fixed", match[1]
                placed = True
    _told(work, match, placed)


def _replicas(work: _Work) -> None:
    match = _REPLICAS.search(work.asked.text)
    if match is None:
        return
    wanted = int(match[1] or match[2])
    there = [knob for knob in knobs(work.document) if knob.quantity == "replicas"]
    if there:
        work.turn(min(there, key=lambda knob: knob.value), wanted)
    _told(work, match, bool(there))


def _wait(work: _Work) -> None:
    match = _WAIT.search(work.asked.text)
    if match is None:
        return
    there = [knob for knob in knobs(work.document) if knob.quantity == "wait"]
    for knob in there:
        work.turn(knob, _time(match[1], match[2]))
    _told(work, match, bool(there))


def _set_deadline(work: _Work) -> None:
    match = _DEADLINE.search(work.asked.text)
    if match is not None:
        mapping(work.document.get("spec"))["deadline"] = lasting(_time(match[1], match[2]))
        _told(work, match, True)


def _tolerance(work: _Work) -> None:
    """What the steady state tolerates: `success rate of 99.9 %`, `p95 below 300 ms`."""
    probes = [mapping(probe) for probe in sequence(mapping(work.document.get("spec")).get("steadyState"))]
    for match in [*_SUCCESS.finditer(work.asked.text), *_QUANTILE.finditer(work.asked.text)]:
        key, value = ("success", f">= {match[1]}%") if match.re is _SUCCESS else (match[1].lower(), f"<= {match[2]}{match[3]}")
        for probe in probes:
            probe["tolerance"] = mapping(probe.get("tolerance")) | {key: value}
        if match.re is _SUCCESS and probes:
            _success_in_sentences(work, match[1])
        _told(work, match, bool(probes))


def _success_in_sentences(work: _Work, share: str) -> None:
    spec = mapping(work.document.get("spec"))
    if isinstance(spec.get("hypothesis"), str):
        spec["hypothesis"] = re.sub(r"(at least )\d+(?:\.\d+)?( ?%)", rf"\g<1>{share}\g<2>", spec["hypothesis"])


def _renamed(work: _Work) -> None:
    """`infra-backend-v2 instead of infra-backend-v3`: wherever that name stands, if the new one is a name of the cluster."""
    for match in _INSTEAD.finditer(work.asked.text):
        new = (match["new"] or match["new2"] or match["new3"]).rstrip(".")
        old = (match["old"] or match["old2"] or match["old3"]).rstrip(".")
        known = any(ref.name == new for ref in work.topology.objects)
        there = re.compile(rf"(?<![A-Za-z0-9.-]){re.escape(old)}(?![A-Za-z0-9-])")
        if not known or not there.search(msgspec.json.encode(work.document).decode()):
            continue
        work.document["spec"] = _everywhere(work.document["spec"], there, new)
        _told(work, match, True)


def _everywhere(value: Any, old: re.Pattern[str], new: str) -> Any:
    match value:
        case str():
            return old.sub(new, value)
        case list():
            return [_everywhere(item, old, new) for item in value]
        case dict():
            return {key: _everywhere(inner, old, new) for key, inner in value.items()}
    return value


def _dropped(work: _Work) -> None:
    for match in _DROP.finditer(work.asked.text):
        spec = mapping(work.document.get("spec"))
        kept = [step for step in sequence(spec.get("steps")) if str(mapping(step).get("name", "")).lower() != match[1].strip().lower()]
        found = len(kept) < len(sequence(spec.get("steps"))) and kept
        if found:
            spec["steps"] = kept
        _told(work, match, bool(found))


def _namespace(work: _Work) -> None:
    """Another namespace, where everything that the steps name is there, too."""
    named = [(match["a"] or match["b"]) for match in _NAMESPACE.finditer(work.asked.text)]
    wanted = next((name for name in named if name in work.topology.namespaces), None)
    if wanted is None:
        return
    text = f"namespace {wanted}"
    homes = {body.get("namespace") for body in _bodies(work)} - {None, ""}
    if homes <= {wanted}:
        work.use("namespace", text)
        return
    missing = [
        f"{body['kind']} {body['name']}"
        for body in _bodies(work)
        if "metadata" not in body and not _there(work, str(body.get("kind")), str(body.get("name")), wanted)
    ]
    if missing or len(homes) > 1:
        why = f"there is no {missing[0]}" if missing else "the experiment works in several"
        work.unused.append(f"{text} ({why})")
        return
    work.document["spec"] = _moved(work.document["spec"], str(homes.pop()), wanted)
    work.use("namespace", text)


def _there(work: _Work, kind: str, name: str, namespace: str) -> bool:
    return any(ref.kind == kind and ref.name == name and ref.namespace == namespace for ref in work.topology.objects)


def _bodies(work: _Work) -> Iterator[Document]:
    for step in work.steps():
        for verb, body in step.items():
            if verb in ("delete", "recreate", "patch", "label", "scale", "restart"):
                yield mapping(body)
            elif verb in ("create", "apply", "chaos"):
                yield mapping(mapping(body).get("metadata")) | {"kind": mapping(body).get("kind"), "metadata": True}


def _moved(value: Any, old: str, new: str, field: str = "") -> Any:
    match value:
        case str():
            if field in ("namespace", "namespaces", "appns"):
                return new if value == old else value
            parts = value.split("/")
            return "/".join([parts[0], new, *parts[2:]]) if field in ("via", "object") and len(parts) == 3 and parts[1] == old else value
        case list():
            return [_moved(item, old, new, field) for item in value]
        case dict():
            return {key: _moved(inner, old, new, key) for key, inner in value.items()}
    return value


_RULES: tuple[Callable[[_Work], None], ...] = (
    _renamed,
    _namespace,
    _numbers,
    _account,
    _fixed,
    _replicas,
    _wait,
    _set_deadline,
    _tolerance,
    _dropped,
)


def _told(work: _Work, match: re.Match[str], placed: bool) -> None:
    text = " ".join(match[0].split())
    work.spans.append(match[0])
    if placed:
        work.use(text, text)
    else:
        work.unused.append(text)


def _time(number: str, unit: str) -> float:
    return float(number) * (3600 if unit[0].lower() == "h" else 60 if unit[0].lower() == "m" else 1)


def own_times(text: str) -> str:
    """The sentence without the times that are a wait's or the deadline's, so that nobody reads them as the fault's."""
    return _DEADLINE.sub(" ", _WAIT.sub(" ", text))


# what follows from a change ---------------------------------------------------------------------------------------------------------

_WRITTEN = {"latency": "ms", "jitter": "ms", "percent": "%", "loss": "%", "duration": "s", "hold": "s"}
_SENTENCES = ("title", "hypothesis", "rationale")


def _sentences(work: _Work) -> None:
    """The old numbers in title, hypothesis and rationale become the new ones."""
    spec = mapping(work.document.get("spec"))
    for quantity, old, new in dict.fromkeys(work.changes):
        unit = _WRITTEN.get(quantity)
        if unit is None:
            continue
        written = re.compile(rf"(?<![\d.,]){re.escape(f'{old:g}')}(\s?){re.escape(unit)}(?![a-z])")
        for field in _SENTENCES:
            if isinstance(spec.get(field), str):
                spec[field] = written.sub(lambda found, new=new, unit=unit: f"{new:g}{found[1]}{unit}", spec[field])  # type: ignore[misc]


def _limits(work: _Work) -> None:
    """The scope's limits follow a new share of the pods; they were the author's, and the author has now said otherwise."""
    scope = mapping(mapping(work.document.get("spec")).get("scope"))
    hit = [_hit(step, work.topology) for step in work.steps() if "chaos" in step]
    if not scope or not any(quantity in ("percent", "replicas", "pods") for quantity in work.done | {change[0] for change in work.changes}):
        return
    if hit and all(pods is not None for pods in hit):
        pods = sum(number for number in hit if number is not None)
        whole = sum(len(work.topology.pods_of_namespace.get(str(name), [])) for name in sequence(scope.get("namespaces")))
        scope["maxPods"] = pods
        scope["maxShare"] = math.ceil(pods * 100 / whole) / 100 if whole else 0


def _hit(step: Document, topology: Topology) -> int | None:
    """The pods that a chaos step hits at most; None where they cannot be counted."""
    manifest = mapping(step.get("chaos"))
    spec = mapping(manifest.get("spec"))
    share: float | None = next((knob.value for knob in knobs({"spec": {"steps": [step]}}) if knob.quantity == "percent"), None)
    if "appinfo" in spec:
        info = mapping(spec["appinfo"])
        key, _, value = str(info.get("applabel", "")).partition("=")
        pods = len(topology.select(str(info.get("appns", "")), LabelSelector(match_labels={key: value})))
    else:
        chosen = LabelSelector(match_labels=labels(look(spec, "/selector/labelSelectors")))
        pods = sum(len(topology.select(str(name), chosen)) for name in sequence(look(spec, "/selector/namespaces")))
    return math.ceil(pods * share / 100) if share is not None and pods else None


def _deadline(work: _Work) -> None:
    """Never shorter than what has to happen before it."""
    spec = mapping(work.document.get("spec"))
    times = [step.get("hold") or look(step, "/wait/for") for step in work.steps()]
    needed = sum(seconds(time) or 0 for time in times if isinstance(time, str)) + 120
    current = seconds(str(spec.get("deadline", "10m"))) or 0
    if needed > current:
        spec["deadline"] = f"{math.ceil(needed / 60)}m"


_TELLING_NUMBER = re.compile(r"(?<![A-Za-z0-9.,_-])\d+(?:[.,]\d+)?\s*(?:[a-zA-Z%]{1,12})?")
_NO_NUMBER = re.compile(r"\b(?:scenario|step|idea|test|experiment|option|number|version)s?\s*#?\s*\d+", re.IGNORECASE)


def _left(work: _Work) -> Iterator[str]:
    """Numbers of the sentence that nothing has understood."""
    text = work.asked.text
    for span in work.spans:
        text = text.replace(span, " ")
    text = _NO_NUMBER.sub(" ", text)
    known = {f"{value:g}" for value in work.asked.numbers.values()} | {f"{value / 1000:g}" for value in work.asked.numbers.values()}
    known |= {f"{value / 60:g}" for value in work.asked.numbers.values()}
    for match in _TELLING_NUMBER.finditer(text[:20_000]):
        number = re.match(r"\d+(?:[.,]\d+)?", match[0])
        if number and number[0].replace(",", "") not in known:
            share = match[0].rstrip().endswith("%") and not 0 < float(number[0].replace(",", ".")) <= 100
            yield match[0].strip() + (" (a share is more than 0 and at most 100 %)" if share else "")
