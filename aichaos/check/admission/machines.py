"""PhysicalMachineChaos: what the webhook asks for each of its actions (physical_machine_chaos_webhook.go)."""

import re

from aichaos.check.admission.spot import Problems, Spot
from aichaos.check.admission.texts import float_problem

_SELECTORS = ("annotationSelectors", "fieldSelectors", "labelSelectors", "namespaces", "physicalMachines", "expressionSelectors")
# github.com/alecthomas/units: parts with one kind of unit each; a bare number is none of them.
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_UNIT = re.compile("|".join(rf"[-+]?(?:{_NUMBER}(?:c|[KMGTPE]{unit}))+" for unit in ("", "iB", "B")), re.ASCII)

_PART = re.compile(rf"({_NUMBER})([KMGTPE]?)(i?)", re.ASCII)
_POWERS = ("", *"KMGTPE")
_MOST_BYTES = 2**63
_LONGEST = 1000

# What must be given for an action; of a group in parentheses one is enough.
_NEEDS: dict[str, tuple[str | tuple[str, ...], ...]] = {
    "stress-cpu": ("load", "workers"),
    "stress-mem": ("size",),
    "disk-write-payload": ("payload-process-num", "size"),
    "disk-read-payload": ("payload-process-num", "size"),
    "disk-fill": ("size",),
    "network-corrupt": ("device", "percent"),
    "network-duplicate": ("device", "percent"),
    "network-loss": ("device", "percent"),
    "network-delay": ("device", "latency"),
    "network-partition": ("device", ("ip-address", "hostname")),
    "network-bandwidth": ("device", "rate", "limit", "buffer"),
    "network-flood": ("ip-address", "port", "rate", "duration"),
    "network-down": ("device", "duration"),
    "process": ("process", "signal"),
    "jvm-exception": ("pid", "class", "method", "exception"),
    "jvm-gc": ("pid",),
    "jvm-latency": ("pid", "class", "method", "latency"),
    "jvm-return": ("pid", "class", "method", "value"),
    "jvm-stress": ("pid", ("cpu-count", "mem-type")),
    "jvm-rule-data": ("pid", "rule-data"),
    "jvm-mysql": ("pid", "mysqlConnectorVersion", ("exception", "latency")),
    "clock": ("pid", "time-offset"),
    "redis-expiration": ("addr",),
    "redis-cacheLimit": ("addr",),
    "redis-penetration": ("addr", "requestNum"),
    "redis-stop": ("addr",),
    "redis-restart": ("addr", "conf"),
    "kafka-fill": ("host", "port", "maxBytes", "reloadCommand"),
    "kafka-flood": ("host", "port", "threads"),
    "kafka-io": (("nonReadable", "nonWritable"),),
    "file-create": (("file-name", "dir-name"),),
    "file-modify": ("file-name", "privilege"),
    "file-delete": (("file-name", "dir-name"),),
    "file-rename": ("source-file", "dest-file"),
    "file-append": ("file-name", "data"),
    "file-replace": ("file-name", "origin-string", "dest-string"),
    "user_defined": ("attackCmd", "recoverCmd"),
}


def machine_chaos(spec: Spot) -> Problems:
    action, addresses, selector = spec["action"], spec["address"], spec["selector"]
    selects = any(selector[field].pairs() or selector[field].each() for field in _SELECTORS)
    if not addresses.each() and not selects:
        yield addresses.required("an address or a selector")
    if addresses.each() and selects:
        yield addresses.invalid("it takes an address or a selector, not both")
    block = spec[action.text] if action.text else Spot(None, f"{spec.path}/action")
    if not block:
        yield block.required(f"it goes with action: {action.text}")
        return
    for need in _NEEDS.get(action.text, ()):
        fields = (need,) if isinstance(need, str) else need
        if not any(_given(block[field]) for field in fields):
            yield block[fields[0]].required(f"{action.text} needs {' or '.join(fields)}")
    yield from _more(action.text, block)


def _given(spot: Spot) -> bool:
    return bool(spot.text) or spot.number != 0 or spot.on


def _is_size(text: str) -> bool:
    """A sum of parts that 64 bits hold; the digits of each number are read as one of 64 bits, too."""
    if len(text) > _LONGEST or not _UNIT.fullmatch(text) or any(int(digits) > _MOST_BYTES for digits in re.findall("[0-9]+", text)):
        return False
    size: float = sum(float(number) * (1024 if binary else 1000) ** _POWERS.index(unit) for number, unit, binary in _PART.findall(text))
    return size <= _MOST_BYTES


def _more(action: str, block: Spot) -> Problems:
    if "size" in _NEEDS.get(action, ()) and block["size"].text and not _is_size(block["size"].text):
        yield block["size"].invalid("it must be a size such as 256MB")
    if action in ("network-corrupt", "network-duplicate", "network-loss", "network-delay"):
        for field, zero in (("correlation", True), ("percent", False)):
            text = block[field].text
            if text and (float_problem(text) or not 0 <= float(text) <= 100 or (float(text) == 0 and not zero)):
                yield block[field].invalid("it must be a percentage from 0 to 100")
    if action in ("network-delay", "network-partition") and block["accept-tcp-flags"].text and block["ip-protocol"].text != "tcp":
        yield block["ip-protocol"].invalid("with accept-tcp-flags it is tcp")
    if action == "network-partition" and block["direction"].text not in ("to", "from"):
        yield block["direction"].unsupported(("to", "from"))
    if action == "network-dns" and bool(block["dns-domain-name"].text) != bool(block["dns-ip"].text):
        yield block["dns-ip"].required("dns-domain-name and dns-ip go together")
    if action.startswith(("jvm-", "clock")) and block["pid"].number < 0:
        yield block["pid"].invalid("it must be more than 0")
    if action == "jvm-stress" and block["cpu-count"].number > 0 and block["mem-type"].text:
        yield block["mem-type"].invalid("it takes cpu-count or mem-type, not both")
    if action == "redis-expiration" and block["option"].text in ("XX", "NX", "GT", "LT"):
        yield block["option"].invalid("the webhook refuses this one (its test is the wrong way round)")
    if action == "redis-cacheLimit" and block["cacheSize"].text != "0" and block["percent"].text:
        yield block["percent"].invalid('with a percent, cacheSize is "0"')
