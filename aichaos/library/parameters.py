"""What may be set of a scenario: its parameters, each with a default, a unit and a range, and how a written value is read.

A scenario's file may give no more than a default; for the quantities that people speak of (`KNOWN`) the rest stands here.
"""

import re
from typing import TypeAlias

import msgspec

from aichaos.domain.experiment import seconds
from aichaos.errors import UsageError

Value: TypeAlias = int | float | str

NAME = re.compile(r"[a-z]+(?:_[a-z]+)*")
"""What a parameter may be called: it stands in holes, `${…}`."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """unit: `ms`, `s`, `%`, or what is counted (`pods`); "" for a text or a bare number. minimum, maximum: in that unit, both inclusive.
    whole: whether only whole numbers will do. choices: of a text, what it may be; empty for any. about: what it is, in a few words."""

    default: Value
    unit: str = ""
    minimum: int | float | None = None
    maximum: int | float | None = None
    whole: bool = True
    choices: list[str] = []
    about: str = ""

    @property
    def limits(self) -> str:
        """The range in words; "" where there is none."""
        if self.choices:
            return ", ".join(self.choices)
        low, high = self.minimum, self.maximum
        if low is not None and high is not None:
            return f"{low:g} to {high:g}"
        return f"at least {low:g}" if low is not None else f"at most {high:g}" if high is not None else ""


KNOWN: dict[str, Parameter] = {
    "latency": Parameter(default=0, unit="ms", minimum=1, maximum=60_000, about="how much later everything arrives"),
    "jitter": Parameter(default=0, unit="ms", minimum=0, maximum=60_000, about="by how much that varies"),
    "duration": Parameter(default=0, unit="s", minimum=10, maximum=3600, about="how long the fault lasts"),
    "hold": Parameter(default=0, unit="s", minimum=1, maximum=180, about="how long it is left like that"),
    "settle": Parameter(default=0, unit="s", minimum=1, maximum=120, about="how long it gets to be as before"),
    "percent": Parameter(default=0, unit="%", minimum=1, maximum=100, about="share of the pods that are hit"),
    "loss": Parameter(default=0, unit="%", minimum=1, maximum=100, about="share of the packets that are lost"),
    "load": Parameter(default=0, unit="%", minimum=1, maximum=100, about="how busy each CPU is made"),
}
"""Quantities that people speak of, and that every scenario means alike. A minute of latency, an hour of fault: more is no experiment."""


def parameter_of(name: str, written: Value | Parameter) -> Parameter:
    """A parameter as a scenario's file gives it: whole, or its default alone."""
    if isinstance(written, Parameter):
        return written
    known = KNOWN.get(name) if not isinstance(written, str) else None
    if known is not None:
        return msgspec.structs.replace(known, default=written)
    return Parameter(default=written, whole=isinstance(written, int))


_NUMBER = re.compile(r"([+-]?\d{1,12}(?:\.\d{1,6})?)\s*(%|[a-z]*)", re.IGNORECASE)
_TIMES = {"ms": 1000.0, "s": 1.0}


def read(name: str, parameter: Parameter, text: str) -> Value:
    """A value as a user writes it (`500ms`, `0.5s`, `30%`, `30`), in the parameter's unit. Raises UsageError, which says what it takes."""
    text = text.strip()
    if isinstance(parameter.default, str):
        return _text(name, parameter, text)
    number = _number(parameter, text)
    if number is None:
        raise UsageError(f"{name} can't be {text!r}", hint=takes(name, parameter))
    return checked(name, parameter, number)


def checked(name: str, parameter: Parameter, value: Value) -> Value:
    """A value of the right type and in the range. Raises UsageError."""
    if isinstance(parameter.default, str) and isinstance(value, str):
        return _text(name, parameter, value)
    if isinstance(parameter.default, str) or isinstance(value, str):
        return _wrong(name, parameter, value)
    if isinstance(value, bool) or (parameter.whole and value != int(value)):
        return _wrong(name, parameter, value)
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise UsageError(f"{name} can't be {value:g}{_behind(parameter.unit)}", hint=takes(name, parameter))
    return int(value) if value == int(value) else value


def takes(name: str, parameter: Parameter) -> str:
    """What a parameter takes, as a hint."""
    example = f"{parameter.default}{'' if parameter.unit not in ('ms', 's', '%') else parameter.unit}"
    what = f" ({parameter.about})" if parameter.about else ""
    limits = f" {parameter.limits}{_behind(parameter.unit)}" if parameter.limits else f" a number{_behind(parameter.unit)}"
    if isinstance(parameter.default, str):
        limits = f" one of {parameter.limits}" if parameter.choices else " a text"
    whole = ", in whole numbers" if parameter.whole and not isinstance(parameter.default, str) else ""
    return f"{name}{what} takes{limits}{whole}, as in {name}={example}."


def shown(parameter: Parameter, value: Value) -> str:
    """A value with its unit: `500 ms`, `30 %`."""
    return f"{value if isinstance(value, str) else f'{value:g}' if value < 1e6 else value}{_behind(parameter.unit)}"


def _behind(unit: str) -> str:
    return f" {unit}" if unit else ""


def _text(name: str, parameter: Parameter, text: str) -> str:
    if not text or not text.isprintable() or len(text) > 253 or (parameter.choices and text not in parameter.choices):
        raise UsageError(f"{name} can't be {text[:60]!r}", hint=takes(name, parameter))
    return text


def _number(parameter: Parameter, text: str) -> float | None:
    found = _NUMBER.fullmatch(text)
    if found is not None and (not found[2] or found[2].lower() == parameter.unit.lower()):
        return float(found[1])
    factor = _TIMES.get(parameter.unit)
    time = seconds(text) if factor else None
    return None if time is None or factor is None else round(time * factor, 6)


def _wrong(name: str, parameter: Parameter, value: Value) -> Value:
    raise UsageError(f"{name} can't be {value!r}", hint=takes(name, parameter))
