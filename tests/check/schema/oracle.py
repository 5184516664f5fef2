"""The API server's own libraries, asked by a program of ours in Go, and our answers in the same words."""

import json
import subprocess
from pathlib import Path
from typing import Any

from aichaos.check.schema.cel.program import program
from aichaos.check.schema.cel.syntax import UInt
from aichaos.check.schema.cel.times import written_timestamp
from aichaos.check.schema.cel.values import CelError, Duration, Opaque, Optional, Timestamp, Type
from tests.check.schema.expressions import SELF


def asked(binary: Path, questions: list[dict[str, Any]]) -> list[dict[str, str]]:
    """One answer a question: `value`, `error` or `refused`."""
    text = "\n".join(json.dumps(question) for question in questions)
    done = subprocess.run([binary], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ours(expression: str) -> str:
    """The value of an expression, or `error`."""
    try:
        return shown(program(expression).evaluate({"self": SELF}, [1_000_000]))
    except CelError:
        return "error"


def shown(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case UInt():
            return f"{int(value)}u"
        case int():
            return str(value)
        case float():
            return f"double {_double(value)}"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        case bytes():
            return f"bytes {value.hex()}"
        case Duration():
            return f"duration {value.nanos}"
        case Timestamp():
            return f"timestamp {written_timestamp(value)}"
        case Optional():
            return f"optional({shown(value.value)})" if value.there else "none"
        case list():
            return "[" + ", ".join(map(shown, value)) + "]"
        case dict():
            return "{" + ", ".join(sorted(f"{shown(key)}: {shown(item)}" for key, item in value.items())) + "}"
        case Type():
            return f"type {value.name}"
        case Opaque():
            return value.type
    raise TypeError(value)


def _double(value: float) -> str:
    text = f"{value:.12g}"
    return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(text, text)
