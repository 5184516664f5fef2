"""The admission webhooks of Chaos Mesh (api/v1alpha1, *_webhook.go): what its validating webhook refuses.

It walks over its Go types: a field that is a value is looked at even where it was left out, one that is a pointer only where it stands.
"""

import re
from collections.abc import Callable

from aichaos.check.admission import names
from aichaos.check.admission.cron import cron_problem
from aichaos.check.admission.durations import duration
from aichaos.check.admission.machines import machine_chaos
from aichaos.check.admission.spot import Problem, Problems, Spot
from aichaos.check.admission.texts import float_problem, integer, size_problem, url_problem

# Kinds of a fault, by the field that holds one in a Schedule or a Workflow.
EMBEDDED = {
    "awsChaos": "AWSChaos",
    "azureChaos": "AzureChaos",
    "blockChaos": "BlockChaos",
    "dnsChaos": "DNSChaos",
    "gcpChaos": "GCPChaos",
    "httpChaos": "HTTPChaos",
    "ioChaos": "IOChaos",
    "jvmChaos": "JVMChaos",
    "kernelChaos": "KernelChaos",
    "networkChaos": "NetworkChaos",
    "physicalmachineChaos": "PhysicalMachineChaos",
    "podChaos": "PodChaos",
    "stressChaos": "StressChaos",
    "timeChaos": "TimeChaos",
}
_FIELD = {kind: field for field, kind in EMBEDDED.items()}
_WITHOUT_DURATION = frozenset({"TimeChaos"})
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT")
_RATE = re.compile(r"\s*[0-9]+\s*(?:[kmgt]?bit|[tgmk]?bps)\s*", re.IGNORECASE)


def webhook(document: Spot, kind: str) -> Problems:
    """Why the webhook refuses a document of one of its kinds."""
    spec = document["spec"]
    match kind:
        case "Schedule":
            yield from _schedule(spec)
        case "Workflow":
            yield from _workflow(spec)
        case "StatusCheck":
            yield from status_check(spec)
        case "PhysicalMachine":
            address = spec["address"]
            if not address.text:
                yield address.required("the address of chaosd")
            elif problem := url_problem(address.text if address.text.startswith("http") else f"http://{address.text}"):
                yield address.invalid(problem)
        case _:
            yield from fault(spec, kind)


def later(spec: Spot, kind: str) -> Problems:
    """What the webhook does not look at in a Schedule or a Workflow now, and refuses when that part becomes an object of its own."""
    if kind == "Schedule":
        if spec["type"].text == "Workflow" and spec["workflow"]:
            yield from _workflow(spec["workflow"])
            yield from later(spec["workflow"], "Workflow")
    elif kind == "Workflow":
        known = [template["name"].text for template in spec["templates"].each()]
        for template in spec["templates"].each():
            yield from _template_later(template, known)


def _template_later(template: Spot, known: list[str]) -> Problems:
    if template["templateType"].text not in _FIELD:
        yield from _duration(template["deadline"])
    match template["templateType"].text:
        case "Schedule":
            if template["schedule"]:
                yield from _schedule(template["schedule"])
                yield from later(template["schedule"], "Schedule")
        case "StatusCheck":
            if template["statusCheck"]:
                yield from status_check(template["statusCheck"])
        case "Task":
            for branch in template["conditionalBranches"].each():
                if branch["target"].text not in known:
                    yield branch["target"].invalid("no template has this name")


def fault(spec: Spot, kind: str) -> Problems:
    """The spec of a fault, alone or inside of a Schedule or a Workflow."""
    if kind not in _FIELD:
        return
    if kind not in _WITHOUT_DURATION:
        yield from _duration(spec["duration"])
    if kind not in ("AWSChaos", "AzureChaos", "GCPChaos", "PhysicalMachineChaos"):
        yield from _amount(spec)
    if (check := _FAULTS.get(kind)) is not None:
        yield from check(spec)


def _duration(spot: Spot) -> Problems:
    if spot.text and duration(spot.text) is None:
        yield spot.invalid("it must be a duration with its unit, as in 30s or 1m30s")


def _amount(of: Spot) -> Problems:
    """How many of the pods: the value beside a mode."""
    mode, value = of["mode"].text, of["value"]
    if mode not in ("fixed", "fixed-percent", "random-max-percent"):
        return
    number = integer(value.text)
    if number is None:
        yield value.required(f"mode {mode} needs a number") if not value.text else value.invalid("it must be a whole number")
    elif number <= 0:
        yield value.invalid("it must be more than 0")
    elif mode != "fixed" and number > 100:
        yield value.invalid("it is a percentage: 100 at most")


def _float(spot: Spot, *, default: bool = True) -> Problems:
    """default: whether the webhook fills in an empty one."""
    if default and not spot.text:
        return
    if problem := float_problem(spot.text):
        yield spot.invalid(problem)


def _pod(spec: Spot) -> Problems:
    if spec["action"].text == "container-kill" and not spec["containerNames"].each():
        yield spec["containerNames"].required("container-kill says which containers")


def _network(spec: Spot) -> Problems:
    yield from _amount(spec["target"])
    delay, bandwidth, rate = spec["delay"], spec["bandwidth"], spec["rate"]
    if delay:
        yield from _duration(delay["latency"])
        yield from _duration(delay["jitter"])
        yield from _float(delay["correlation"])
        if delay["reorder"]:
            yield from _float(delay["reorder"]["reorder"], default=False)
            yield from _float(delay["reorder"]["correlation"])
    for field in ("loss", "duplicate", "corrupt"):
        if spec[field]:
            yield from _float(spec[field][field], default=False)
            yield from _float(spec[field]["correlation"])
    for of in (bandwidth, rate):
        if of and (not _RATE.fullmatch(of["rate"].text) or int(re.sub(r"\D", "", of["rate"].text)) >= 2**64):
            yield of["rate"].invalid("it must be a whole number and a unit: bit, kbit, mbit, gbit, tbit, bps, kbps, mbps, gbps, tbps")
    action, direction = spec["action"].text, spec["direction"]
    if action == "partition" or direction.text not in ("from", "both"):
        return
    if spec["externalTargets"].each():
        yield direction.invalid("externalTargets are reached in direction `to` only")
    if not spec["target"]:
        yield direction.invalid("from and both need a target")


def _http(spec: Spot) -> Problems:
    target, port, method = spec["target"], spec["port"], spec["method"]
    if target.text not in ("Request", "Response"):
        yield target.unsupported(("Request", "Response"))
    if port.number <= 0:
        yield port.invalid("it must be more than 0") if port else port.required("the port that the pod listens on")
    if method and target.text == "Request" and method.text not in _METHODS:
        yield method.unsupported(_METHODS)
    delay = spec["delay"]
    if delay and duration(delay.text) is None:
        yield delay.invalid("it must be a duration with its unit, as in 500ms")


def _io(spec: Spot) -> Problems:
    yield from _duration(spec["delay"])
    if spec["action"].text == "fault" and spec["errno"].number == 0:
        yield (
            spec["errno"].invalid("0 is no error") if spec["errno"] else spec["errno"].required("the error that is returned, as in 5 (EIO)")
        )
    percent = spec["percent"]
    if percent and not 0 <= percent.number <= 100:
        yield percent.invalid("it must be from 0 to 100")


def _stress(spec: Spot) -> Problems:
    stressors = spec["stressors"]
    if not stressors and not spec["stressngStressors"].text:
        yield stressors.required("memory or cpu")
    elif stressors and not stressors["memory"] and not stressors["cpu"]:
        yield stressors.invalid("it takes memory, cpu or both")
    size = stressors["memory"]["size"]
    if size.text and (problem := size_problem(size.text)):
        yield size.invalid(problem)


def _time(spec: Spot) -> Problems:
    offset = spec["timeOffset"]
    if duration(offset.text) is None:
        yield offset.invalid("it must be a duration with its unit, as in -10m")


def _block(spec: Spot) -> Problems:
    delay = spec["delay"]
    if spec["action"].text == "delay" and not delay:
        yield delay.required("it goes with action: delay")
    if delay:
        yield from _duration(delay["latency"])
        yield from _duration(delay["jitter"])
        yield from _float(delay["correlation"])


def _jvm(spec: Spot) -> Problems:
    action = spec["action"].text
    match action:
        case "stress":
            count, memory = spec["cpuCount"].number, spec["memType"]
            if count == 0 and not memory.text:
                yield spec["cpuCount"].required("stress takes cpuCount or memType")
            if count > 0 and memory.text:
                yield memory.invalid("stress takes cpuCount or memType, not both")
            if memory.text and memory.text not in ("stack", "heap"):
                yield memory.unsupported(("stack", "heap"))
        case "exception" | "return" | "latency":
            wanted = ["class", "method", {"exception": "exception", "return": "returnValue", "latency": "latency"}[action]]
            for field in wanted:
                if not spec[field].text and not spec[field].number:
                    yield spec[field].required(f"action {action} needs it")
        case "ruleData":
            if not spec["ruleData"].text:
                yield spec["ruleData"].required("action ruleData needs it")
        case "mysql":
            version = spec["mysqlConnectorVersion"]
            if version.text not in ("5", "8"):
                yield version.unsupported(("5", "8")) if version.text else version.required("5 or 8")
            if not spec["exception"].text and spec["latency"].number == 0:
                yield spec["exception"].required("action mysql needs exception or latency")
        case "gc":
            return
        case _:
            yield spec["action"].unsupported(("latency", "exception", "return", "stress", "gc", "ruleData", "mysql"))


def _aws(spec: Spot) -> Problems:
    yield from _cloud(spec, ("ec2-stop", "ec2-restart", "detach-volume"))
    if spec["action"].text == "detach-volume":
        for field in ("volumeID", "deviceName"):
            if not spec[field]:
                yield spec[field].required("detach-volume needs it")


def _azure(spec: Spot) -> Problems:
    yield from _cloud(spec, ("vm-stop", "vm-restart", "disk-detach"))
    if spec["action"].text == "disk-detach":
        for field in ("diskName", "lun"):
            if not spec[field]:
                yield spec[field].required("disk-detach needs it")


def _gcp(spec: Spot) -> Problems:
    yield from _cloud(spec, ("node-stop", "node-reset", "disk-loss"))
    if spec["action"].text == "disk-loss" and not spec["deviceNames"]:
        yield spec["deviceNames"].required("disk-loss needs one at least")


def _cloud(spec: Spot, actions: tuple[str, ...]) -> Problems:
    if spec["action"].text not in actions:
        yield spec["action"].unsupported(actions)


_FAULTS: dict[str, Callable[[Spot], Problems]] = {
    "AWSChaos": _aws,
    "AzureChaos": _azure,
    "BlockChaos": _block,
    "GCPChaos": _gcp,
    "HTTPChaos": _http,
    "IOChaos": _io,
    "JVMChaos": _jvm,
    "NetworkChaos": _network,
    "PhysicalMachineChaos": machine_chaos,
    "PodChaos": _pod,
    "StressChaos": _stress,
    "TimeChaos": _time,
}


# flows --------------------------------------------------------------------------------------------------------------------------


def _schedule(spec: Spot) -> Problems:
    schedule, kind = spec["schedule"], spec["type"]
    if problem := cron_problem(schedule.text, seconds=True):
        yield schedule.invalid(problem)
    if kind.text == "Workflow":
        return
    field = _FIELD.get(kind.text)
    if field is None:
        yield kind.unsupported((*_FIELD, "Workflow"))
    elif not spec[field]:
        yield _panics(spec[field], kind.text)
    else:
        yield from fault(spec[field], kind.text)


def _panics(field: Spot, kind: str) -> Problem:
    return field.required(f"type {kind} needs it; the webhook of Chaos Mesh breaks down over this, and the server answers 500")


def _workflow(spec: Spot) -> Problems:
    entry, templates = spec["entry"], spec["templates"]
    known = [template["name"].text for template in templates.each()]
    if not entry.text:
        yield entry.required("the name of the template to start with")
    elif entry.text not in known:
        yield entry.invalid("no template has this name")
    if not templates.each():
        yield templates.required("one template at least")
    seen = set()
    for template in templates.each():
        name = template["name"]
        if name.text in seen:
            yield name.duplicate(f"the template {name.text}")
        seen.add(name.text)
        if not name.text:
            yield name.required("every template has one")
        elif problem := names.subdomain(name.text):
            yield name.invalid(problem)
        yield from _template(template, known)


_EXCLUDED: dict[str, tuple[str, ...]] = {
    "Suspend": ("task", "children", "conditionalBranches", "chaos", "schedule"),
    "Serial": ("task", "conditionalBranches", "chaos", "schedule"),
    "Parallel": ("task", "conditionalBranches", "chaos", "schedule"),
    "Schedule": ("task", "children", "conditionalBranches", "chaos"),
    "Task": ("children", "chaos", "schedule"),
    "StatusCheck": ("task", "children", "conditionalBranches", "chaos", "schedule"),
    "fault": ("task", "children", "conditionalBranches", "schedule"),
}


def _template(template: Spot, known: list[str]) -> Problems:
    kind = template["templateType"]
    if (kind.text not in _EXCLUDED and kind.text not in _FIELD) or kind.text == "fault":
        yield kind.unsupported((*(each for each in _EXCLUDED if each != "fault"), *_FIELD))
        return
    for what in _EXCLUDED.get(kind.text, _EXCLUDED["fault"]):
        if what == "chaos":
            for field in EMBEDDED:
                if template[field]:
                    yield template[field].forbidden(f"a template of type {kind.text} holds no fault")
        elif template[what].each() if what in ("children", "conditionalBranches") else template[what]:
            yield template[what].forbidden(f"it does not go with templateType: {kind.text}")
    if kind.text == "Suspend" and not template["deadline"].text:
        yield template["deadline"].required("how long to wait")
    if kind.text in ("Serial", "Parallel"):
        for child in template["children"].each():
            if child.text not in known:
                yield child.invalid("no template has this name")
    if kind.text not in _FIELD:
        return
    spec = template[_FIELD[kind.text]]
    if not spec:
        yield _panics(spec, kind.text)
        return
    if spec["duration"]:
        yield spec["duration"].invalid("in a Workflow the deadline of the template is the end; take duration out")
    yield from fault(spec, kind.text)


def status_check(spec: Spot) -> Problems:
    if spec["type"].text != "HTTP":
        yield spec["type"].unsupported(("HTTP",))
    elif not spec["http"]:
        yield spec["http"].required("what to ask")
    yield from _duration(spec["duration"])
    http = spec["http"]
    if not http:
        return
    url, code = http["url"], http["criteria"]["statusCode"]
    if not url.text:
        yield url.required()
    elif problem := url_problem(url.text):
        yield url.invalid(problem)
    single = integer(code.text)
    ends = [single] if single is not None else [integer(part) for part in code.text.split("-", 1)] if "-" in code.text else [None]
    if not all(end is not None and 0 < end < 1000 for end in ends):
        yield code.invalid("it must be a status or a range, as in 200 or 200-299") if code.text else code.required("as in 200 or 200-299")
