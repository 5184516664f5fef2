"""NetworkChaos: blocks and their numbers, and which way the traffic is shaped."""

import re
from collections.abc import Iterator
from typing import Any

from aichaos.check.fixes import Operation, add, fix, move, replace
from aichaos.check.meaning.units import one_unit, short, whole
from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding, Severity
from aichaos.files.plain import mapping, text
from aichaos.observe.faults import Fault

_ONE_UNIT = re.compile(r"[0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h)")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*%?")
_BLOCKS = {"delay": ("delay",), "loss": ("loss",), "duplicate": ("duplicate",), "corrupt": ("corrupt",), "bandwidth": ("bandwidth",)}
_NETEM = ("delay", "loss", "duplicate", "corrupt", "rate")
_SHARES = ("loss", "duplicate", "corrupt")
_SHAPING = (*_BLOCKS, "netem")
_MESH_DATA_PLANES = ("cilium", "anetd")


def network_findings(this: Subject, fault: Fault) -> Iterator[Finding]:
    if fault.kind != "NetworkChaos":
        return
    yield from _misplaced(this, fault)
    yield from _block(this, fault)
    yield from _delay(this, fault.spec.get("delay"), f"{fault.path}/delay")
    for name in _SHARES:
        yield from _share(this, name, fault.spec.get(name), f"{fault.path}/{name}")
    yield from _bandwidth(this, fault)
    yield from _direction(this, fault)
    yield from _data_plane(this, fault)


_PARTS = {"latency": "delay", "jitter": "delay", "correlation": "", "percent": "", "reorder": "delay"}


def _misplaced(this: Subject, fault: Fault) -> Iterator[Finding]:
    """Parts of a block that stand beside it, and a target that is a name."""
    action = text(fault.spec.get("action"))
    for field, block in _PARTS.items():
        holder = block or (action if action in (*_SHARES, "delay") else "")
        if field not in fault.spec or not holder:
            continue
        path, held = f"{fault.path}/{field}", fault.spec.get(holder)
        operations: list[Operation] = [] if isinstance(held, dict) else [add(f"{fault.path}/{holder}", {})]
        fits = field != "percent" and (held is None or isinstance(held, dict)) and field not in mapping(held)
        certain = fix(f"{field} into {holder}", *operations, move(path, f"{fault.path}/{holder}/{field}")) if fits else None
        message = f"{field} is a part of {holder}: {holder}: {{{'loss' if holder == 'loss' else field}: …}}"
        yield this.note("chaos-mesh/misplaced-part", message, path, fix=certain)
    target = fault.spec.get("target")
    if target is not None and not isinstance(target, dict):
        message = f"target is {short(target)}; it says which pods, as in target: {{mode: all, selector: {{labelSelectors: {{app: web}}}}}}"
        yield this.note("chaos-mesh/target-shape", message, f"{fault.path}/target")


def _block(this: Subject, fault: Fault) -> Iterator[Finding]:
    action = text(fault.spec.get("action"))
    if action == "netem" and not any(fault.spec.get(block) is not None for block in _NETEM):
        message = f"action: netem without any of {', '.join(_NETEM)}: it is injected and does nothing"
        yield this.note("chaos-mesh/action-block", message, f"{fault.path}/action")
    elif action in _BLOCKS and fault.spec.get(action) is None:
        message = f"action: {action} without its block {action}: it is injected and does nothing; add it, as in {_EXAMPLE[action]}"
        yield this.note("chaos-mesh/action-block", message, f"{fault.path}/action")


_EXAMPLE = {
    "delay": '{latency: "200ms"}',
    "loss": '{loss: "25"}',
    "duplicate": '{duplicate: "25"}',
    "corrupt": '{corrupt: "25"}',
    "bandwidth": "{rate: 1mbit, limit: 20000, buffer: 10000}",
}


def _delay(this: Subject, delay: Any, path: str) -> Iterator[Finding]:
    if delay is not None and not isinstance(delay, dict):
        meant = _length(delay)
        certain = fix(f"delay: {{latency: {meant}}}", replace(path, {"latency": meant})) if meant else None
        yield this.note(
            "chaos-mesh/latency-unit", f'delay is {short(delay)}; it takes latency, as in {{latency: "200ms"}}', path, fix=certain
        )
        return
    for field in ("latency", "jitter"):
        value, here = mapping(delay).get(field), f"{path}/{field}"
        if value is None or (isinstance(value, str) and _ONE_UNIT.fullmatch(value)):
            continue
        meant = _length(value)
        certain = fix(f"{field}: {meant}", replace(here, meant)) if meant else None
        message = f"{field} is {short(value)}; it takes one number and one unit of ns, us, ms, s, m, h, as in 1000ms"
        yield this.note("chaos-mesh/latency-unit", message, here, fix=certain)
    yield from _number(this, mapping(delay), "correlation", path)
    reorder = mapping(delay).get("reorder")
    yield from _number(this, mapping(reorder), "reorder", f"{path}/reorder")
    yield from _number(this, mapping(reorder), "correlation", f"{path}/reorder")


def _length(value: Any) -> str | None:
    """A latency without a unit is one of milliseconds: seconds are written as 1s, never as 1."""
    number = whole(value)
    if number is not None:
        return f"{number}ms"
    spaced = re.sub(r"\s+", "", value).lower() if isinstance(value, str) and len(value) < 40 else ""
    if _ONE_UNIT.fullmatch(spaced):
        return spaced
    return one_unit(spaced) if spaced else None


def _share(this: Subject, name: str, block: Any, path: str) -> Iterator[Finding]:
    """`loss`, `duplicate` and `corrupt` have one shape: a mapping with the percentage, as a text, under the same name."""
    rule = "chaos-mesh/percentage-shape"
    if block is None:
        return
    if not isinstance(block, dict):
        meant = _percentage(block)
        certain = fix(f'{name}: {{{name}: "{meant}"}}', replace(path, {name: meant, "correlation": "0"})) if meant else None
        yield this.note(rule, f'{name} is {short(block)}; it takes {{{name}: "25", correlation: "0"}}', path, fix=certain)
        return
    if name not in block:
        wrong = next((key for key in ("percent", "percentage", "rate", "value", "probability") if key in block), None)
        meant = _percentage(block[wrong]) if wrong in ("percent", "percentage") else None
        operations: list[Operation] = [{"op": "remove", "path": f"{path}/{wrong}"}, {"op": "add", "path": f"{path}/{name}", "value": meant}]
        certain = fix(f'{name}: "{meant}" instead of {wrong}', *operations) if meant else None
        where = f"{path}/{wrong}" if wrong else path
        yield this.note(rule, f'the block {name} holds its percentage under {name}, as in {name}: {{{name}: "25"}}', where, fix=certain)
    yield from _number(this, block, name, path)
    yield from _number(this, block, "correlation", path)


def _number(this: Subject, block: dict[str, Any], field: str, path: str) -> Iterator[Finding]:
    """A percentage is a text that holds a number."""
    value, here = block.get(field), f"{path}/{field}"
    if value is None:
        return
    meant = _percentage(value)
    if isinstance(value, str) and meant == value:
        if float(value) > 100:
            yield this.note("chaos-mesh/percentage-range", f"{field} is {value}: there are only 100 per cent", here)
        elif float(value) == 0 and field not in ("correlation",):
            yield this.note("chaos-mesh/percentage-range", f"{field} is {value}: nothing happens", here)
        return
    if isinstance(value, str) and _is_float(value):
        if not 0 <= float(value) <= 100:  # 1e3, -1, nan
            yield this.note("chaos-mesh/percentage-range", f"{field} is {short(value)}: a percentage is from 0 to 100", here)
        return
    certain = fix(f'{field}: "{meant}"', replace(here, meant)) if meant else None
    message = f'{field} is {short(value)}; it takes a number as a text, without %, as in "25"'
    yield this.note("chaos-mesh/percentage-shape", message, here, fix=certain)


def _percentage(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return f"{value:g}" if 0 <= value <= 100 else None
    found = _PERCENT.fullmatch(value) if isinstance(value, str) and len(value) < 20 else None
    return found[1] if found else None


def _is_float(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return "_" not in value


def _bandwidth(this: Subject, fault: Fault) -> Iterator[Finding]:
    block, path = fault.spec.get("bandwidth"), f"{fault.path}/bandwidth"
    for holder, where in ((block, path), (fault.spec.get("rate"), f"{fault.path}/rate")):
        rate = text(mapping(holder).get("rate"))
        if re.fullmatch(r"\s*[0-9]+\s*[kmgt]?bps\s*", rate, re.IGNORECASE):
            bits = re.sub(r"bps", "bit", rate.strip(), flags=re.IGNORECASE).lower()
            message = f"{rate} counts bytes, eight times as many bits: write {bits} if bits a second are meant"
            yield this.note("chaos-mesh/rate-unit", message, f"{where}/rate")
    if not isinstance(block, dict):
        return
    for field, usual in (("limit", 20000), ("buffer", 10000)):
        value, here = block.get(field), f"{path}/{field}"
        message = f"{field} is the number of bytes that may wait: 1 or more, as in {field}: {usual}"
        if value is None:
            yield this.note("chaos-mesh/bandwidth-limits", f"bandwidth without {field}: {message}", here)
        elif not isinstance(value, int) or isinstance(value, bool) or value < 1:
            number = whole(value) if isinstance(value, str) else None
            certain = fix(f"{field}: {number}", replace(here, number)) if number else None
            yield this.note("chaos-mesh/bandwidth-limits", f"{field} is {short(value)}; {message}", here, fix=certain)


def _direction(this: Subject, fault: Fault) -> Iterator[Finding]:
    direction, target = fault.spec.get("direction"), fault.spec.get("target")
    external, here = fault.spec.get("externalTargets"), f"{fault.path}/direction"
    if direction in ("from", "both"):
        if external:
            message = f"externalTargets work with direction: to only; with {direction}, say which pods in target"
            yield this.note("chaos-mesh/direction-needs-target", message, here)
        elif target is None:
            message = f"direction: {direction} needs a target: which pods the traffic comes from, as in target: {{mode: all, selector: …}}"
            yield this.note("chaos-mesh/direction-needs-target", message, here)
        return
    if target is None and not external and fault.spec.get("action") in _SHAPING:
        severity: Severity = "warning" if direction == "to" and not this.world.in_experiment else "info"
        message = (
            "without target this shapes all that the selected pods send, their answers too; to slow the calls of a service, select its "
            "clients and put the service's pods into target"
        )
        where = here if direction == "to" else f"{fault.path}/selector"
        yield this.note("chaos-mesh/shapes-everything", message, where, severity)


def _data_plane(this: Subject, fault: Fault) -> Iterator[Finding]:
    cluster = this.world.cluster
    if cluster is None:
        return
    agent = next((one for one in cluster.snapshot.daemon_sets if one.name in _MESH_DATA_PLANES or one.name.startswith("cilium")), None)
    if agent is not None:
        message = (
            f"this cluster runs {agent.namespace}/{agent.name}: an eBPF data plane may pass by the rules of a NetworkChaos, which "
            "then says that it is injected and does nothing; measure first that it works"
        )
        yield this.note("chaos-mesh/ebpf-data-plane", message, fault.path)
