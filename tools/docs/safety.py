"""The generated parts of docs/safety.md."""

from aichaos.domain import touchable
from tools.docs.places import SAFETY, STOPS
from tools.docs.words import table


def _closed_lists() -> str:
    """What a run may change, as `domain/touchable.py` has it."""
    names = (("the network", touchable.NETWORK), ("workloads", touchable.WORKLOADS), ("chaos engines", touchable.CHAOS))
    rows = [[what, ", ".join(f"`{kind}`" for kinds in groups.values() for kind in kinds)] for what, groups in names]
    rows += [["configuration", "`ConfigMap`: made, changed, never deleted but by the run that made it"]]
    never = ", ".join(f"`{kind}`" for kind in (*touchable.BARRED, *touchable.INTERNAL))
    return table(["", "Kinds that a step may touch"], rows) + f"\nNever: {never}; anything else; anything without a namespace.\n"


def safety_page() -> str:
    """docs/safety.md with its two generated parts: the kinds that a run may touch, and how fast stops are (from docs/stops.md)."""
    text = SAFETY.read_text(encoding="utf-8")
    measured = STOPS.read_text(encoding="utf-8").partition("\n\n")[2]
    for name, part in (("closed", _closed_lists()), ("stops", measured)):
        head, begin, rest = text.partition(f"<!-- {name}: made by tools/make_docs.py -->\n")
        _, end, tail = rest.partition(f"<!-- /{name} -->\n")
        if not (begin and end):
            raise SystemExit(f"docs/safety.md has lost its marks of {name!r}")
        text = f"{head}{begin}\n{part.strip()}\n\n{end}{tail}"
    return text
