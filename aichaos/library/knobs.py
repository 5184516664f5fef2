"""Where an experiment holds the numbers and names that people speak of: one table for reading them, for asking whether they are what was
asked for, and for changing them.

One more place is one more line in `CHAOS_MESH`, `LITMUS` or `STEPS`.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from aichaos.domain.experiment import seconds
from aichaos.files.plain import mapping, sequence


class Form(msgspec.Struct, frozen=True):
    """How a quantity is written at a place: `read` gives it in ms, s, percent or whole numbers, None where it is none."""

    read: Callable[[Any], float | None]
    write: Callable[[float], Any]


def _go(factor: float) -> Callable[[Any], float | None]:
    def read(value: Any) -> float | None:
        time = seconds(value) if isinstance(value, str) else None
        return None if time is None else time * factor

    return read


def _digits(value: Any) -> float | None:
    text = str(value)
    return float(text) if re.fullmatch(r"\d{1,9}(?:\.\d{1,3})?", text) else None


def _whole(number: float) -> str:
    return f"{number:g}" if number < 1e6 else f"{number:.0f}"


MILLISECONDS = Form(_go(1000), lambda number: f"{_whole(number)}ms")
SECONDS = Form(_go(1), lambda number: f"{_whole(number)}s")
TEXT = Form(_digits, _whole)
NUMBER = Form(_digits, lambda number: int(number))

CHAOS_MESH: tuple[tuple[str, str, Form], ...] = (
    ("latency", "/spec/delay/latency", MILLISECONDS),
    ("jitter", "/spec/delay/jitter", MILLISECONDS),
    ("loss", "/spec/loss/loss", TEXT),
    ("duration", "/spec/duration", SECONDS),
    ("load", "/spec/stressors/cpu/load", NUMBER),
    ("latency", "/spec/delay", MILLISECONDS),  # of IOChaos and HTTPChaos
)
"""Quantity, place in a chaos object, form."""

LITMUS: dict[str, tuple[str, Form]] = {
    "NETWORK_LATENCY": ("latency", TEXT),
    "LATENCY": ("latency", TEXT),
    "JITTER": ("jitter", TEXT),
    "NETWORK_PACKET_LOSS_PERCENTAGE": ("loss", TEXT),
    "TOTAL_CHAOS_DURATION": ("duration", TEXT),
    "PODS_AFFECTED_PERC": ("percent", TEXT),
    "CPU_LOAD": ("load", TEXT),
}
"""Name of an env entry of a Litmus fault → quantity, form."""

STEPS: tuple[tuple[str, str, Form], ...] = (
    ("hold", "/hold", SECONDS),
    ("wait", "/wait/for", SECONDS),
    ("replicas", "/scale/replicas", NUMBER),
)


class Knob(msgspec.Struct, frozen=True, kw_only=True):
    """One place of an experiment's document. path: JSON Pointer. value: in the quantity's unit."""

    quantity: str
    path: str
    value: float
    form: Form


def knobs(document: dict[str, Any]) -> Iterator[Knob]:
    """Every number that can be spoken of, in the order of the document."""
    for index, step in enumerate(sequence(mapping(document.get("spec")).get("steps"))):
        base = f"/spec/steps/{index}"
        yield from _at(step, base, STEPS)
        for verb in ("chaos", "create", "apply"):
            manifest = mapping(mapping(step).get(verb))
            group = str(manifest.get("apiVersion", "")).partition("/")[0]
            if group == "chaos-mesh.org":
                yield from _at(manifest, f"{base}/{verb}", CHAOS_MESH)
                yield from _mode(manifest, f"{base}/{verb}")
            elif group == "litmuschaos.io":
                yield from _environment(manifest, f"{base}/{verb}")


def _at(holder: Any, base: str, table: tuple[tuple[str, str, Form], ...]) -> Iterator[Knob]:
    for quantity, path, form in table:
        value = look(holder, path)
        number = form.read(value) if value is not None and not isinstance(value, (dict, list, bool)) else None
        if number is not None:
            yield Knob(quantity=quantity, path=base + path, value=number, form=form)


def _mode(manifest: dict[str, Any], base: str) -> Iterator[Knob]:
    spec = mapping(manifest.get("spec"))
    quantity = {"fixed-percent": "percent", "random-max-percent": "percent", "fixed": "pods"}.get(str(spec.get("mode")))
    number = _digits(spec.get("value"))
    if quantity and number is not None:
        yield Knob(quantity=quantity, path=f"{base}/spec/value", value=number, form=TEXT)


def _environment(manifest: dict[str, Any], base: str) -> Iterator[Knob]:
    for index, _experiment in enumerate(sequence(mapping(manifest.get("spec")).get("experiments"))):
        place = f"/spec/experiments/{index}/spec/components/env"
        for number, entry in enumerate(sequence(look(manifest, place))):
            quantity, form = LITMUS.get(str(mapping(entry).get("name")), ("", TEXT))
            value = form.read(mapping(entry).get("value"))
            if quantity and value is not None:
                yield Knob(quantity=quantity, path=f"{base}{place}/{number}/value", value=value, form=form)


def accounts(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Path and name of every service account that a chaos engine is told to use."""
    for index, step in enumerate(sequence(mapping(document.get("spec")).get("steps"))):
        for verb in ("chaos", "create", "apply"):
            name = look(step, f"/{verb}/spec/chaosServiceAccount")
            if isinstance(name, str):
                yield f"/spec/steps/{index}/{verb}/spec/chaosServiceAccount", name


def look(value: Any, path: str) -> Any:
    """What stands at a JSON Pointer; None where nothing does."""
    for part in path.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict):
            value = value.get(key)
        else:
            return None
    return value


def put(document: Any, path: str, value: Any) -> None:
    """Set what stands at a JSON Pointer whose parent exists."""
    parent, _, last = path.rpartition("/")
    holder = look(document, parent) if parent else document
    if isinstance(holder, list):
        holder[int(last)] = value
    else:
        holder[last.replace("~1", "/").replace("~0", "~")] = value
