"""Our YAML is that of the API server: every plain scalar, as a value and as a key, becomes the same JSON."""

import json
import random
from pathlib import Path
from typing import Any

from aichaos.errors import SyntaxProblem
from aichaos.files.yaml import load
from tests.check.schema.oracle import asked

_KNOWN = """
1e3 1E3 1e+3 1e-3 1.e3 .5 -.5 +.5 5. 1_000 1_000.5 _1 1__0 0777 0o17 0O17 -0o17 0x1F 0X1f -0x1F 0b101 -0b1 08 09 089 007 0 -0 +0 00 0.0 -0.0
12:30:45 1:30 190:20:30 2024-01-01 2024-1-1 2024-01-01T00:00:00Z 2001-12-14t21:59:43.10-05:00 2024-13-45
y Y yes Yes YES n N no No NO on On ON off Off OFF true True TRUE false False FALSE tRUE yES null Null NULL ~ nULL
9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551615 18446744073709551616
123456789012345678901234567890 1e20 1e21 1e22 1e-7 1.0 10.0 100000000000000000000.0 0.1 3.14159 1e400
0x 0xg 0b2 0o8 1e 1e+ . .. - + -- 1-2 1.2.3 1.2.3.4 10.0.0.1 1s 50% = =x <<x a ! 0.1.2 1,000 +1 +1.5 +0x1 0x_1F 1_ 0_7 0b_1 0.5e_1 _ __
80m 1Gi 1.5Gi v1 -a 1a a1 .a ._ -. +. .1e2 -.1e-2 .1.2 ..5 e3 E5 -e3 infinity inf -inf nan 0e0 0E1 00.5 01.5 1.5.
"""
LETTERS = "0123456789abefxoXBE_.+-:~yYnNtTkMGi"


def answers(oracle: Path, texts: list[str]) -> list[Any]:
    """What the server's library makes of each text; an error is None."""
    return [json.loads(each["value"]) if "value" in each else None for each in asked(oracle, [{"yaml": text} for text in texts])]


def ours(text: str) -> Any:
    try:
        return json.loads(json.dumps(load(text, "file.yaml")[0]))
    except (SyntaxProblem, IndexError):
        return None


def different(oracle: Path, scalars: list[str]) -> dict[str, tuple[Any, Any]]:
    texts = [f"a: {scalar}\n{scalar}: b\n" for scalar in scalars]
    theirs = answers(oracle, texts)
    return {text: (mine, their) for text, their in zip(texts, theirs, strict=True) if not same(mine := ours(text), their)}


def same(mine: Any, their: Any) -> bool:
    """Numbers by value: Go writes 1000.0 as 1000, and what has more than 63 bits as the nearest float."""
    match mine, their:
        case dict(), dict():
            return sorted(mine) == sorted(their) and all(same(mine[key], their[key]) for key in mine)
        case bool(), _:
            return mine is their
        case int() | float(), int() | float() if not isinstance(their, bool):
            return bool(mine == their if abs(mine) < 2**63 else float(mine) == float(their))
    return type(mine) is type(their) and bool(mine == their)


def test_the_scalars_that_people_trip_over(oracle: Path) -> None:
    assert different(oracle, _KNOWN.split()) == {}


def test_scalars_of_letters_that_make_numbers_and_words(oracle: Path) -> None:
    letters = random.Random(11)
    scalars = ["".join(letters.choices(LETTERS, k=letters.randint(1, 7))) for _ in range(20_000)]
    assert different(oracle, [scalar for scalar in scalars if not scalar.endswith(":") and ": " not in scalar and scalar != "-"]) == {}
