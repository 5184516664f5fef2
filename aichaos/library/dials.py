"""One number of an experiment that can be turned: named as people name it or by its place, read with its unit, put where it belongs."""

import copy
from collections.abc import Callable
from typing import Any

import msgspec

from aichaos.errors import UsageError
from aichaos.library.knobs import MILLISECONDS, NUMBER, TEXT, Form, knobs, look, put
from aichaos.library.parameters import KNOWN, Parameter, read, shown
from aichaos.library.refine import Asked, Document, change
from aichaos.observe.topology import Topology


class Dial(msgspec.Struct, frozen=True, kw_only=True):
    """name: as the user named it. parameter: its unit and range. start: the value at which nothing is done; None where nobody knows one.
    document: the experiment with another value. Raises UsageError for one that it can't have."""

    name: str
    parameter: Parameter
    start: float | None
    document: Callable[[float], Document]

    def read(self, text: str) -> float:
        """A value as a user writes it. Raises UsageError."""
        value = read(self.name, self.parameter, text)
        assert not isinstance(value, str)
        return float(value)

    def shown(self, value: float) -> str:
        return shown(self.parameter, int(value) if value == int(value) else value)


def start_of(parameter: Parameter) -> float | None:
    """Nothing is done at zero, where values may come close to it; where they may not, nothing is known below the least."""
    return 0.0 if parameter.minimum is not None and parameter.minimum <= 1 else None


def dial_of(name: str, document: Document, topology: Topology) -> Dial:
    """name: a quantity (`latency`, `percent`) or a JSON Pointer (`/spec/steps/0/scale/replicas`). Raises UsageError."""
    return _at(name, document) if name.startswith("/") else _quantity(name, document, topology)


def _quantity(name: str, document: Document, topology: Topology) -> Dial:
    there = list(dict.fromkeys(knob.quantity for knob in knobs(document)))
    if name not in KNOWN or name not in there:
        known = [one for one in there if one in KNOWN]
        has = f"It has {', '.join(known)}; any" if known else "Any"
        hint = f"{has} other number can be named by its place, as in /spec/steps/0/scale/replicas."
        raise UsageError(f"the experiment has no {name!r} that could grow", hint=hint)

    def turned(value: float) -> Document:
        return change(document, Asked(text="", numbers={name: value}, said={name: name}), topology).document

    parameter = KNOWN[name]
    return Dial(name=name, parameter=parameter, start=start_of(parameter), document=turned)


def _at(path: str, document: Document) -> Dial:
    value = look(document, path)
    form = next((knob.form for knob in knobs(document) if knob.path == path), None) or _form(value)
    if form is None:
        told = "there is nothing" if value is None else f"{value!r} is no number and no time"
        raise UsageError(f"{told} at {path}", hint="Name the place of a number or a time in the experiment, from /spec on.")
    number = form.read(value)
    assert number is not None
    whole = number == int(number)
    parameter = Parameter(default=int(number) if whole else number, unit=_unit(form), minimum=0, whole=whole)

    def put_in(value: float) -> Document:
        other: Document = copy.deepcopy(document)
        put(other, path, form.write(value))
        return other

    return Dial(name=path, parameter=parameter, start=None, document=put_in)


_DECIMAL = Form(lambda value: float(value), lambda number: number)


def _form(value: Any) -> Form | None:
    """How a value that stands in no table is written."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return NUMBER
    if isinstance(value, float):
        return _DECIMAL
    if isinstance(value, str):
        return TEXT if TEXT.read(value) is not None else MILLISECONDS if MILLISECONDS.read(value) is not None else None
    return None


def _unit(form: Form) -> str:
    """A time is written with its unit; what is written without one has none."""
    written = str(form.write(1))
    return written.removeprefix("1") if written.startswith("1") and written != "1" else ""
