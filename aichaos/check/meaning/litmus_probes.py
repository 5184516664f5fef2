"""Probes of Litmus: keys, units, words, and what runs in a shell.

Sources: the ChaosEngine CRD, litmus-go 3.x pkg/probe. In 2.x times are integers, in 3.x texts with a unit: the installed CRD decides.
"""

import re
from collections.abc import Iterator
from typing import Any

from aichaos.check.fixes import Operation, add, fix, move, remove, replace
from aichaos.check.known import kinds_called
from aichaos.check.meaning.units import short, whole
from aichaos.check.subject import Subject
from aichaos.domain.experiment import seconds
from aichaos.domain.finding import Finding, Fix
from aichaos.files.plain import mapping, text

TYPES = ("httpProbe", "cmdProbe", "k8sProbe", "promProbe")
MODES = ("SOT", "EOT", "Edge", "Continuous", "OnChaos")
_TIMES = ("probeTimeout", "interval", "probePollingInterval", "initialDelay", "evaluationTimeout")
_NUMBERS = (">=", "<=", ">", "<", "==", "!=", "oneOf", "between")
_TEXTS = ("equal", "notEqual", "contains", "matches", "notMatches", "oneOf")
_NUMBERS_MEANT = {**dict.fromkeys(("=", "equals", "equal", "eq"), "=="), **dict.fromkeys(("notEqual", "notEquals", "ne", "<>"), "!=")}
_TEXTS_MEANT = {**dict.fromkeys(("==", "=", "equals"), "equal"), "!=": "notEqual", "contain": "contains", "match": "matches"}
_MODES_MEANT = {"before": "SOT", "after": "EOT", "start": "SOT", "end": "EOT"}
_TIMEOUT = ("spec", "experiments", "", "spec", "probe", "", "runProperties", "probeTimeout")
"""Where the CRD says of which type a probe's times are; "" steps into a list."""

_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NO_FIX: Fix | None = None
_AGGREGATES = re.compile(r"^\s*(?:sum|avg|min|max|count|scalar|histogram_quantile|absent|quantile|vector|stddev|round|1\s*-|100)\b")


def probe_findings(this: Subject, probes: list[Any], path: str) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, item in enumerate(probes):
        probe, here = mapping(item), f"{path}/{index}"
        name = text(probe.get("name"))
        if name and name in seen:
            message = f"two probes are called {short(name)}: only the last one's result is kept; give each its own name"
            yield this.note("litmus/probe-name", message, f"{here}/name")
        seen[name] = index
        yield from _type(this, probe, here)
        yield from _mode(this, probe.get("mode"), f"{here}/mode")
        yield from _keys(this, probe, here)
        yield from _run_properties(this, probe, here)
        for kind in TYPES:
            yield from _inputs(this, kind, probe.get(f"{kind}/inputs"), f"{here}/{kind}~1inputs")


def _type(this: Subject, probe: dict[str, Any], path: str) -> Iterator[Finding]:
    kind, here = probe.get("type"), f"{path}/type"
    if kind == "sloProbe":
        yield this.note("litmus/slo-probe", f"sloProbe is admitted and never runs; use {', '.join(TYPES[:-1])} or {TYPES[-1]}", here)
    elif kind is not None and kind not in TYPES:
        meant = _type_meant(kind)
        message = f"{short(kind)} is no type of probe; it is {', '.join(TYPES[:-1])} or {TYPES[-1]}"
        yield this.note("litmus/probe-type", message, here, fix=fix(f"type: {meant}", replace(here, meant)) if meant else None)


def _type_meant(kind: Any) -> str | None:
    stem = re.sub(r"[-_ ]?probe$", "", text(kind).lower())
    stem = {"prometheus": "prom", "command": "cmd", "kubernetes": "k8s", "https": "http"}.get(stem, stem)
    return next((one for one in TYPES if one.lower() == f"{stem}probe"), None)


def _mode(this: Subject, mode: Any, path: str) -> Iterator[Finding]:
    if mode is None or mode in MODES:
        return
    meant = next((one for one in MODES if one.lower() == text(mode).lower()), None) or _MODES_MEANT.get(text(mode).lower())
    message = f"{short(mode)} is no mode; it is SOT (before), EOT (after), Edge (both), Continuous, or OnChaos (while the fault lasts)"
    yield this.note("litmus/probe-mode", message, path, fix=fix(f"mode: {meant}", replace(path, meant)) if meant else None)


def _keys(this: Subject, probe: dict[str, Any], path: str) -> Iterator[Finding]:
    """The key of the inputs is literally `httpProbe/inputs`."""
    kind = text(probe.get("type"))
    kind = kind if kind in TYPES else _type_meant(kind) or ""
    for wrong in ("inputs", *TYPES):
        if wrong not in probe:
            continue
        target = f"{kind if wrong == 'inputs' else wrong}/inputs"
        here, right = f"{path}/{wrong}", f"{path}/{target.replace('/', '~1')}"
        held = probe[wrong]
        certain: Fix | None = None
        if target in probe or not isinstance(held, dict) or (wrong == "inputs" and not kind):
            pass
        elif set(held) == {"inputs"}:
            certain = fix(f"{target}: instead of {wrong}:", remove(here), add(right, held["inputs"]))
        else:
            certain = fix(f"{target}: instead of {wrong}:", move(here, right))
        name = target if kind or wrong != "inputs" else "httpProbe/inputs"
        yield this.note("litmus/probe-inputs-key", f"the key is literally {name}, with the slash", here, fix=certain)


# run properties -----------------------------------------------------------------------------------------------------------------


def _run_properties(this: Subject, probe: dict[str, Any], path: str) -> Iterator[Finding]:
    if "RunProperties" in probe or "runproperties" in probe:
        wrong = "RunProperties" if "RunProperties" in probe else "runproperties"
        certain = (
            fix("runProperties: instead of it", move(f"{path}/{wrong}", f"{path}/runProperties")) if "runProperties" not in probe else None
        )
        yield this.note("litmus/run-properties", "the field is called runProperties", f"{path}/{wrong}", fix=certain)
    properties, here = probe.get("runProperties"), f"{path}/runProperties"
    if properties is None and "RunProperties" not in probe and probe:
        message = 'without runProperties the probe has no time to answer: {probeTimeout: "5s", interval: "2s"} at least'
        yield this.note("litmus/run-properties", message, path)
    if not isinstance(properties, dict):
        return
    missing = [field for field in ("probeTimeout", "interval") if field not in properties]
    if missing:
        yield this.note("litmus/run-properties", f'runProperties needs {" and ".join(missing)} too, as in {missing[0]}: "5s"', here)
    for field in _TIMES:
        yield from _time(this, properties.get(field), f"{here}/{field}")
    for field, kind in (("retry", int), ("attempt", int), ("initialDelaySeconds", int), ("stopOnFailure", bool)):
        yield from _typed(this, properties.get(field), kind, f"{here}/{field}")


def _time(this: Subject, value: Any, path: str) -> Iterator[Finding]:
    field = path.rpartition("/")[2]
    if value is None or isinstance(value, (bool, dict, list)):
        return
    if isinstance(value, int):
        certain = fix(f'{field}: "{value}s"', replace(path, f"{value}s")) if value >= 0 else None
        message = f'{field} is {value}; Litmus 3 takes a text with a unit, as in "{abs(value)}s" (Litmus 2 took integers)'
        if not _second_generation(this):
            yield this.note("litmus/probe-unit", message, path, fix=certain)
    elif isinstance(value, str):
        number = whole(value)
        if _second_generation(this):
            length = seconds(value) if number is None else float(number)
            certain = fix(f"{field}: {int(length)}", replace(path, int(length))) if length is not None and length == int(length) else None
            yield this.note("litmus/probe-unit", f"{field} is {short(value)}; Litmus 2 takes an integer of seconds", path, fix=certain)
        elif number is not None:
            certain = fix(f'{field}: "{number}s"', replace(path, f"{number}s"))
            message = f"{field} is {short(value)}: it is admitted and fails when the fault runs, because the unit is missing"
            yield this.note("litmus/probe-unit-missing", message, path, fix=certain)
        elif seconds(value) is None:
            yield this.note("litmus/probe-unit-missing", f"{field} is {short(value)}, which is no duration; write it as 5s", path)


def _second_generation(this: Subject) -> bool:
    """Whether the Litmus that is installed takes integers: what the cluster's own CRD says, or else the release of its operator."""
    found = this.world.kinds.find("litmuschaos.io/v1alpha1", "ChaosEngine")
    if found is not None and found.own:
        node: Any = found.nodes.get(found.root)
        for key in _TIMEOUT:
            child = mapping(node).get("items") if key == "" else mapping(mapping(node).get("properties")).get(key)
            node = found.nodes.get(child) if isinstance(child, (int, dict)) and not isinstance(child, bool) else {}
        return mapping(node).get("type") == "integer"
    cluster = this.world.cluster
    engines = cluster.snapshot.engines if cluster is not None else ()
    return any(engine.name == "litmus" and (engine.release or "").startswith("2.") for engine in engines)


def _typed(this: Subject, value: Any, kind: type, path: str) -> Iterator[Finding]:
    """An integer or a boolean that was written as a text."""
    field = path.rpartition("/")[2]
    if not isinstance(value, str):
        return
    meant: Any = whole(value) if kind is int else {"true": True, "false": False}.get(value.lower())
    certain = fix(f"{field}: {str(meant).lower()}", replace(path, meant)) if meant is not None else None
    what = "a number" if kind is int else "true or false"
    yield this.note("litmus/probe-types", f"{field} is {short(value)}; it takes {what}, without quotes", path, fix=certain)


# inputs -------------------------------------------------------------------------------------------------------------------------


def _inputs(this: Subject, kind: str, inputs: Any, path: str) -> Iterator[Finding]:
    if not isinstance(inputs, dict):
        return
    match kind:
        case "httpProbe":
            yield from _http(this, inputs, path)
        case "promProbe":
            yield from _prometheus(this, inputs, path)
        case "k8sProbe":
            yield from _kubernetes(this, inputs, path)
        case "cmdProbe":
            comparator = mapping(inputs.get("comparator"))
            words = _TEXTS if comparator.get("type") == "string" else _NUMBERS
            yield from _criteria(this, comparator.get("criteria"), words, f"{path}/comparator/criteria")
            if comparator.get("type") in ("int", "float"):
                yield from _number(this, comparator, f"{path}/comparator")


def _http(this: Subject, inputs: dict[str, Any], path: str) -> Iterator[Finding]:
    yield from _url(this, inputs.get("url"), f"{path}/url")
    method, certain = inputs.get("method"), _NO_FIX
    if method is None or isinstance(method, str):
        yield from _flat_method(this, inputs, method, path)
    else:
        for verb in mapping(method):
            if verb != verb.lower() and verb.lower() in ("get", "post"):
                certain = fix(f"{verb.lower()}: in small letters", move(f"{path}/method/{verb}", f"{path}/method/{verb.lower()}"))
                yield this.note(
                    "litmus/http-method", "the method's key is get or post, in small letters", f"{path}/method/{verb}", fix=certain
                )
        for field in ("criteria", "responseCode"):
            if field in inputs:
                under = next((one for one in ("get", "post") if isinstance(mapping(method).get(one), dict)), "get")
                holder, target = mapping(method).get(under), f"{path}/method/{under}/{field}"
                free = isinstance(holder, dict) and field not in holder
                certain = fix(f"{field} under method.{under}", move(f"{path}/{field}", target)) if free else None
                message = f"{field} stands under method.{under}"
                yield this.note("litmus/http-method", message, f"{path}/{field}", fix=certain)
    for verb in ("get", "post"):
        request, here = mapping(mapping(method).get(verb)), f"{path}/method/{verb}"
        yield from _criteria(this, request.get("criteria"), _NUMBERS, f"{here}/criteria")
        yield from _code(this, request.get("responseCode"), f"{here}/responseCode")
    yield from _typed(this, inputs.get("insecureSkipVerify"), bool, f"{path}/insecureSkipVerify")
    for field, instead in (("responseTimeout", "runProperties.probeTimeout"), ("expectedResponseCode", "method.get.responseCode")):
        if field in inputs:
            certain = None
            if field == "expectedResponseCode" and "method" not in inputs and (code := _as_code(inputs[field])):
                certain = fix(
                    "method.get instead",
                    remove(f"{path}/{field}"),
                    add(f"{path}/method", {"get": {"criteria": "==", "responseCode": code}}),
                )
            yield this.note("litmus/gone-field", f"{field} is gone: use {instead}", f"{path}/{field}", fix=certain)


def _flat_method(this: Subject, inputs: dict[str, Any], method: str | None, path: str) -> Iterator[Finding]:
    """`method: Get` with criteria and responseCode beside it: the shape that looks right and is not."""
    verb = (method or "get").lower()
    given = {field: inputs[field] for field in ("criteria", "responseCode") if field in inputs}
    if method is None and not given:
        return
    criteria, code = _criterion(given.get("criteria", "=="), _NUMBERS), _as_code(given.get("responseCode"))
    certain: Fix | None = None
    if verb in ("get", "post") and criteria and code and "expectedResponseCode" not in inputs:
        shape = {verb: {"criteria": criteria, "responseCode": code}}
        operations: list[Operation] = [replace(f"{path}/method", shape) if method is not None else add(f"{path}/method", shape)]
        operations += [remove(f"{path}/{field}") for field in given]
        certain = fix(f"criteria and responseCode under method.{verb}", *operations)
    message = f'method takes {{{verb}: {{criteria: "==", responseCode: "200"}}}}: the criteria stand under the method that they are for'
    yield this.note("litmus/http-method", message, f"{path}/method" if method is not None else f"{path}/{next(iter(given))}", fix=certain)


def _as_code(value: Any) -> str | None:
    number = whole(value)
    return str(number) if number is not None and 100 <= number < 600 else None


def _code(this: Subject, code: Any, path: str) -> Iterator[Finding]:
    if code is not None and not isinstance(code, str):
        meant = _as_code(code)
        certain = fix(f'responseCode: "{meant}"', replace(path, meant)) if meant else None
        yield this.note("litmus/response-code", f'responseCode is {short(code)}; it takes a text, as in "200"', path, fix=certain)


def _criterion(value: Any, words: tuple[str, ...]) -> str | None:
    if value in words:
        return text(value)
    return (_TEXTS_MEANT if words is _TEXTS else _NUMBERS_MEANT).get(text(value))


def _criteria(this: Subject, value: Any, words: tuple[str, ...], path: str) -> Iterator[Finding]:
    if value is None or value in words:
        return
    meant = _criterion(value, words)
    message = f"{short(value)} is no criteria for {'texts' if words is _TEXTS else 'numbers'}; it is one of {' '.join(words)}"
    yield this.note("litmus/criteria", message, path, fix=fix(f'criteria: "{meant}"', replace(path, meant)) if meant else None)


def _number(this: Subject, comparator: dict[str, Any], path: str) -> Iterator[Finding]:
    """What a number is compared with; `oneOf` and `between` take lists."""
    value = comparator.get("value")
    if isinstance(value, str) and comparator.get("criteria") not in ("oneOf", "between") and not _FLOAT.fullmatch(value.strip()):
        message = f"value is {short(value)}: numbers are compared, and this is none; the probe fails"
        yield this.note("litmus/criteria", message, f"{path}/value")


def _url(this: Subject, url: Any, path: str) -> Iterator[Finding]:
    if isinstance(url, str) and not re.match(r"https?://[^/]", url, re.IGNORECASE):
        message = f"{short(url)} can't be asked: write http:// or https:// and a host, as in http://web.shop.svc:80"
        yield this.note("litmus/probe-address", message, path)


def _prometheus(this: Subject, inputs: dict[str, Any], path: str) -> Iterator[Finding]:
    comparator = mapping(inputs.get("comparator"))
    yield from _criteria(this, comparator.get("criteria"), _NUMBERS, f"{path}/comparator/criteria")
    yield from _number(this, comparator, f"{path}/comparator")
    query = inputs.get("query")
    if not isinstance(query, str) or not query:
        return
    dangerous = [sign for sign in ("`", "$", '"') if sign in query]
    if dangerous:
        message = (
            f"the query holds {' '.join(dangerous)}, and Litmus hands it to a shell: what stands there may be run as a command; "
            "write label values in single quotes, or ask without them"
        )
        yield this.note("litmus/query-in-shell", message, f"{path}/query")
    if re.search(r"\bby\s*\(", query) or not _AGGREGATES.match(query):
        message = "the query has to give exactly one series: aggregate it, as in sum(…), without by; with none or several the probe fails"
        yield this.note("litmus/query-one-series", message, f"{path}/query")


def _kubernetes(this: Subject, inputs: dict[str, Any], path: str) -> Iterator[Finding]:
    rule = "litmus/k8s-probe-resource"
    versioned = inputs.get("apiVersion")
    if versioned is not None:
        group, _, version = text(versioned).rpartition("/")
        operations: list[Operation] = [remove(f"{path}/apiVersion")]
        operations += [add(f"{path}/group", group)] if group and "group" not in inputs else []
        operations += [add(f"{path}/version", version)] if version and "version" not in inputs else []
        certain = fix("group and version instead of apiVersion", *operations) if version else None
        yield this.note(rule, "the API is named by group: and version:, as in group: apps, version: v1", f"{path}/apiVersion", fix=certain)
    version = text(inputs.get("version"))
    if "/" in version and not inputs.get("group"):
        group, _, bare = version.rpartition("/")
        certain = fix(f"group: {group}, version: {bare}", add(f"{path}/group", group), replace(f"{path}/version", bare))
        yield this.note(rule, f"version is {short(version)}; the group stands under group:", f"{path}/version", fix=certain)
    resource = text(inputs.get("resource"))
    kind = next((known for known in kinds_called(resource.title()) or kinds_called(resource)), None) if resource else None
    plural = _plural(kind.name) if kind is not None else None
    if (resource and resource != resource.lower()) or (plural is not None and resource != plural):
        certain = fix(f"resource: {plural}", replace(f"{path}/resource", plural)) if plural else None
        yield this.note(
            rule, f"resource is {short(resource)}; it takes the plural in small letters, as in deployments", f"{path}/resource", fix=certain
        )


def _plural(kind: str) -> str:
    lowered = kind.lower()
    if lowered.endswith("s"):
        return lowered if lowered == "endpoints" else f"{lowered}es"
    return f"{lowered[:-1]}ies" if lowered.endswith("y") and not lowered.endswith("ay") else f"{lowered}s"
