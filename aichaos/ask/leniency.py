"""An experiment as models write it when they nearly keep to the form: what can only mean one thing is read so, and said.

A file of a user is read strictly; this is for answers alone. Nothing is guessed: a reading here has one meaning, or it is left for the
strict reader to refuse.
"""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from aichaos.ask import kubectl_lines
from aichaos.ask.reply import Command, problem
from aichaos.domain.base import reference_of
from aichaos.domain.experiment import API_VERSION, VERBS, HTTPProbe, Probe, Spec, seconds
from aichaos.domain.finding import Finding, Severity
from aichaos.files.plain import mapping, sequence
from aichaos.files.yaml import escape

Document = dict[str, Any]
_TIME = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(ms|s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hour|hours)?", re.IGNORECASE)


def loosened(document: Document) -> tuple[Document, list[Finding]]:
    """The document in the strict form, as far as it can be brought there, and what was read as what."""
    work = _Work()
    found = copy.deepcopy(document)
    if found.get("apiVersion") != API_VERSION and not str(found.get("apiVersion")).startswith(_FAMILY):
        work.say("apiVersion", found.get("apiVersion"), API_VERSION)
        found["apiVersion"] = API_VERSION
    found = {key: value for key, value in found.items() if key in ("apiVersion", "kind", "metadata", "spec")}
    metadata = mapping(found.get("metadata"))
    found["metadata"] = {key: value for key, value in metadata.items() if key in ("name", "labels", "annotations")}
    spec = work.renamed(mapping(found.get("spec")), Spec, "spec")
    spec.pop("provenance", None)
    for field, reading in _FIELDS.items():
        if field in spec:
            spec[field] = reading(work, spec[field], f"spec/{field}")
    found["spec"] = {key: value for key, value in spec.items() if value is not None}
    return found, work.said[:_MOST_SAID]


_MOST_SAID = 20
_FAMILY = API_VERSION.rstrip("0123456789")
"""Another version of ours is another form, and not for this reader."""
_IDLE = frozenset(
    {"description", "comment", "comments", "id", "title", "note", "notes", "rationale", "expected", "number", "order", "step"}
)
"""Fields that only speak: leaving them out changes nothing."""


class _Work:
    def __init__(self) -> None:
        self.said: list[Finding] = []

    def say(self, path: str, was: Any, now: Any) -> None:
        self.said.append(problem("reply/read-as", f"{_shown(was)} was read as {_shown(now)}", severity="info", path=f"/{path}"))

    def leave_out(self, path: str, name: str) -> None:
        severity: Severity = "info" if name in _IDLE else "warning"
        said = f"the field {name[:60]} is not known here; it was left out"
        self.said.append(problem("reply/left-out", said, severity=severity, path=f"/{path}/{escape(name)}"))

    def renamed(self, value: Document, form: type[msgspec.Struct], path: str) -> Document:
        """Fields under their right names; those that the form does not know are left out."""
        known = {_bare(field.encode_name): field.encode_name for field in msgspec.structs.fields(form)}
        result: Document = {}
        for key, inner in value.items():
            name = known.get(_bare(str(key)))
            if name is None:
                self.leave_out(path, str(key))
            else:
                if name != key:
                    self.say(f"{path}/{key}", key, name)
                result.setdefault(name, inner)
        return result


def _bare(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _shown(value: Any) -> str:
    return "`" + (value if isinstance(value, str) else msgspec.json.encode(value).decode())[:80] + "`"


# values -------------------------------------------------------------------------------------------------------------------------------


def _time(work: _Work, value: Any, path: str) -> Any:
    """`60`, `60 seconds`, `1 min` as a Go duration."""
    if isinstance(value, str) and seconds(value) is not None:
        return value
    match = _TIME.fullmatch(str(value).strip()) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
    if match is None:
        return value
    unit = (match[2] or "s").lower()
    now = match[1] + ("ms" if unit == "ms" else unit[0])
    work.say(path, value, now)
    return now


def _texts(work: _Work, value: Any, path: str) -> Any:
    items = [value] if isinstance(value, (str, dict)) else sequence(value)
    return [
        item if isinstance(item, str) else ", ".join(f"{key}: {inner}" for key, inner in mapping(item).items()) or str(item)
        for item in items
    ]


def _number(work: _Work, value: Any, path: str) -> Any:
    """`"2"`, `"20%"`: a number."""
    text = value.strip() if isinstance(value, str) else ""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,4})?)\s*(%?)", text)
    if match is None:
        return value
    found = float(match[1]) / (100 if match[2] else 1)
    now = int(found) if found == int(found) else found
    work.say(path, value, now)
    return now


def _scope(work: _Work, value: Any, path: str) -> Any:
    scope = {_bare(str(key)): inner for key, inner in mapping(value).items()}
    spaces = scope.get("namespaces", scope.get("namespace"))
    result: Document = {}
    if spaces is not None:
        result["namespaces"] = [spaces] if isinstance(spaces, str) else spaces
    for key, name in (("maxpods", "maxPods"), ("maxshare", "maxShare")):
        if scope.get(key) is not None:
            result[name] = _number(work, scope[key], f"{path}/{name}")
    if result != value:
        work.say(path, value, result)
    return result


def _metrics(work: _Work, value: Any, path: str) -> Any:
    found = []
    for item in sequence(value):
        held = mapping(item)
        query = held.get("query") or held.get("promql") or held.get("expr") or (item if isinstance(item, str) else None)
        if isinstance(query, str):
            found.append({"name": str(held.get("name") or held.get("title") or query)[:120], "query": query})
    return found


# probes -------------------------------------------------------------------------------------------------------------------------------


def _probes(work: _Work, value: Any, path: str) -> Any:
    items = [{"name": name, **mapping(inner)} for name, inner in value.items()] if isinstance(value, dict) else sequence(value)
    return [_probe(work, mapping(item), f"{path}/{index}") for index, item in enumerate(items)]


def _probe(work: _Work, item: Document, path: str) -> Document:
    probe = dict(item)
    if "url" in probe and "http" not in probe:
        inside = {field.encode_name for field in msgspec.structs.fields(HTTPProbe)}
        probe["http"] = {key: probe.pop(key) for key in list(probe) if key in inside}
        work.say(path, item, probe)
    if isinstance(probe.get("http"), str):
        probe["http"] = {"url": probe["http"]}
    probe = work.renamed(probe, Probe, path)
    probe.setdefault("name", f"probe {path.rpartition('/')[2]}")
    if isinstance(probe.get("http"), dict):
        probe["http"] = _http(work, probe["http"], f"{path}/http")
    tolerance = probe.get("tolerance")
    if isinstance(tolerance, (str, int, float)):
        probe["tolerance"] = {"success": str(tolerance)}
        work.say(f"{path}/tolerance", tolerance, probe["tolerance"])
    elif isinstance(tolerance, dict):
        probe["tolerance"] = {
            _called(work, str(key), f"{path}/tolerance"): inner if isinstance(inner, str) else f"{inner}"
            for key, inner in tolerance.items()
        }
    return probe


def _called(work: _Work, key: str, path: str) -> str:
    """What a promise is called; of a latency that nobody gives a quantile, the strictest is promised: of every answer."""
    known = _PROMISES.get(key.lower().replace("_", "").replace("-", ""), key)
    if known != key:
        work.say(f"{path}/{key}", key, known)
    return known


_PROMISES = {
    **dict.fromkeys(["latency", "responsetime", "duration", "maxlatency", "timeout"], "max"),
    **dict.fromkeys(["availability", "successrate", "successratio"], "success"),
    **{f"{form}{quantile}{rest}": f"p{quantile}" for quantile in (50, 90, 95, 99) for form, rest in (("latencyp", ""), ("p", "latency"))},
}


_NOBODY = frozenset({"none", "null", "nobody", "-", "", "n/a"})
"""What stands for no backend: a status that the gateway answers itself comes from none."""


def _http(work: _Work, value: Document, path: str) -> Document:
    http = work.renamed(value, HTTPProbe, path)
    expect = http.get("expect")
    if isinstance(expect, (int, str)):
        expect = {"status": str(expect)}
        work.say(f"{path}/expect", http["expect"], expect)
    if isinstance(expect, dict):
        expect = {key: _text(work, inner, f"{path}/expect/{key}") for key, inner in expect.items() if inner is not None}
        if isinstance(expect.get("backend"), str) and expect["backend"].strip().lower() in _NOBODY:
            work.say(f"{path}/expect/backend", expect.pop("backend"), None)
        http["expect"] = {key: inner for key, inner in expect.items() if key in ("status", "backend", "body", "header")}
    headers = http.get("headers")
    if isinstance(headers, list):
        http["headers"] = {str(mapping(one).get("name")): str(mapping(one).get("value")) for one in headers}
    return http


def _text(work: _Work, value: Any, path: str) -> Any:
    if isinstance(value, dict) and {"namespace", "name"} <= value.keys():
        now = f"{value['namespace']}/{value['name']}"
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        now = str(value)
    else:
        return value
    work.say(path, value, now)
    return now


# steps --------------------------------------------------------------------------------------------------------------------------------


def _steps(work: _Work, value: Any, path: str) -> Any:
    found: list[Any] = []
    for index, item in enumerate(sequence(value)):
        here = f"{path}/{index}"
        if isinstance(item, str):
            line = kubectl_lines.read(Command(text=item, line=1), "default")
            found += line.steps or [item]
            if line.steps:
                work.say(here, item, line.steps[0])
            continue
        found += list(_step(work, mapping(item), here))
    return found


def _step(work: _Work, item: Document, path: str) -> Iterator[Document]:
    """One step, or several where one has more than one verb: in the order in which they stand."""
    step = _spoken(item)
    verbs = [key for key in step if key in VERBS]
    for key in step:
        if key not in VERBS and key not in ("name", "hold", "duration"):
            work.leave_out(path, str(key))
    name = str(step.get("name") or "")
    if len(verbs) > 1:
        said = f"a step has exactly one verb; this one was read as {len(verbs)} steps: {', '.join(verbs)}"
        work.said.append(problem("reply/read-as", said, severity="info", path=f"/{path}"))
    for number, verb in enumerate(verbs, 1):
        made: Document = {"name": name if number == 1 else f"{name}-{number}"} if name else {}
        made[verb] = _VERBS.get(verb, _as_it_is)(work, step[verb], f"{path}/{verb}")
        hold = step.get("hold", step.get("duration"))
        if verb == "chaos" and hold is not None:
            made["hold"] = _time(work, hold, f"{path}/hold")
        yield made
    if not verbs:
        yield item


def _spoken(item: Document) -> Document:
    """`action: delete` beside its object as `delete: {…}`."""
    verb = item.get("action") or item.get("verb") or item.get("type")
    if not isinstance(verb, str) or verb.lower() not in VERBS or any(key in VERBS for key in item):
        return item
    inside = item.get("target") or item.get("manifest") or item.get("object") or item.get("resource")
    body = (
        inside
        if inside is not None
        else {key: inner for key, inner in item.items() if key not in ("action", "verb", "type", "description")}
    )
    return {"name": item.get("name", "") if inside is not None else "", verb.lower(): body}


def _as_it_is(work: _Work, value: Any, path: str) -> Any:
    return value


def _wait(work: _Work, value: Any, path: str) -> Any:
    if isinstance(value, (str, int, float)):
        now = {"for": _time(_Work(), value, path)}
        work.say(path, value, now)
        return now
    wait = dict(mapping(value))
    for other in ("duration", "seconds", "time"):
        if other in wait and "for" not in wait:
            wait["for"] = wait.pop(other)
    for key in ("for", "timeout"):
        if key in wait:
            wait[key] = _time(work, wait[key], f"{path}/{key}")
    until = wait.get("until")
    if isinstance(until, str) or (until is None and "object" in wait):
        wait = {key: inner for key, inner in wait.items() if key not in ("object", "condition")}
        wait["until"] = {"object": until or mapping(value)["object"], "condition": mapping(value).get("condition", "Available")}
        work.say(path, value, wait)
    return wait


def _probe_name(work: _Work, value: Any, path: str) -> Any:
    name = mapping(value).get("name") or (value[0] if isinstance(value, list) and len(value) == 1 else None)
    if isinstance(name, str):
        work.say(path, value, name)
        return name
    return value


def _target(work: _Work, value: Any, path: str) -> Any:
    """`Kind/ns/name`, a whole manifest, or a kind in lower case: the object that is named."""
    if isinstance(value, str):
        parts = value.split("/")
        if len(parts) not in (2, 3):
            return value
        now: Document = {"kind": parts[0], "name": parts[-1]} | ({"namespace": parts[1]} if len(parts) == 3 else {})
        work.say(path, value, now)
    else:
        now = dict(mapping(value))
        if isinstance(now.get("metadata"), dict):
            ref = reference_of(now)
            now = {key: inner for key, inner in now.items() if key not in ("metadata", "spec")} | {"name": ref.name}
            now |= {"namespace": ref.namespace} if ref.namespace else {}
        for other in ("apiVersion", "group"):
            now.pop(other, None)
    kind = now.get("kind")
    if isinstance(kind, str) and kind != kubectl_lines.kind_called(kind):
        work.say(f"{path}/kind", kind, kubectl_lines.kind_called(kind))
        now["kind"] = kubectl_lines.kind_called(kind)
    if "replicas" in now:
        now["replicas"] = _number(work, now["replicas"], f"{path}/replicas")
    return now


def _label(work: _Work, value: Any, path: str) -> Any:
    now = _target(work, value, path)
    if isinstance(now, dict) and isinstance(now.get("labels"), dict) and "set" not in now:
        now["set"] = now.pop("labels")
        work.say(path, "labels", "set")
    return now


def _patch(work: _Work, value: Any, path: str) -> Any:
    now = mapping(value)
    inside = now.get("spec")
    if isinstance(inside, dict) and "merge" not in now:
        merge = {"spec": inside}
        now = {**{key: inner for key, inner in now.items() if key != "spec"}, "merge": merge}
        work.say(path, "spec", "merge.spec")
    return _target(work, now, path)


_VERBS: dict[str, Callable[[_Work, Any, str], Any]] = {
    "wait": _wait,
    "probe": _probe_name,
    "delete": _target,
    "recreate": _target,
    "restart": _target,
    "scale": _target,
    "label": _label,
    "patch": _patch,
}
_FIELDS: dict[str, Callable[[_Work, Any, str], Any]] = {
    "deadline": _time,
    "scope": _scope,
    "steadyState": _probes,
    "abort": _probes,
    "steps": _steps,
    "metrics": _metrics,
    "remediation": _texts,
    "rollback": _texts,
    "intends": _texts,
}
