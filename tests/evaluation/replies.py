"""The answers that a model wrote for questions of the suite; `tests/replies/README.md` says how."""

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "replies" / "suite"
COLLECTIONS = ("careful", "careless")


def reply(collection: str, question: str, name: str) -> str:
    return (FOLDER / collection / question / f"{name}.md").read_text(encoding="utf-8")
