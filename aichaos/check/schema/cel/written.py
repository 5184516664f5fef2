"""How a value is written as a text: what `string(…)` gives, and what `format` puts in."""

import math
from decimal import Decimal
from typing import Any

from aichaos.check.schema.cel import times
from aichaos.check.schema.cel.values import CelError, Duration, Opaque, Timestamp, Type, no_overload


def string(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(int(value))
        case float():
            return _float(value)
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                raise CelError("invalid UTF-8 in bytes, cannot convert to string") from None
        case Duration():
            return times.written_duration(value)
        case Timestamp():
            return times.written_timestamp(value)
        case Type():
            return value.name
        case Opaque(type="net.IP") | Opaque(type="net.CIDR"):
            return str(value.value)
    raise no_overload("string", value)


def _float(value: float) -> str:
    if math.isinf(value) or math.isnan(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    written = Decimal(repr(value)).normalize()
    exponent = written.adjusted()
    if -4 <= exponent < 6 or not value:
        return f"{written:f}" if value else repr(value)[:-2]
    digits = "".join(map(str, written.as_tuple().digits))
    mantissa = f"{digits[0]}.{digits[1:]}".rstrip(".")
    return f"{'-' if value < 0 else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
