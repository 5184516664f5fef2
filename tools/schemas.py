"""The JSON Schemas of the files that people write beside experiments, and of a report: made of the Structs that read and write them."""

import inspect
import re
from typing import Any

import msgspec

from aichaos.domain.gameday import GameDay
from aichaos.domain.results import Results
from aichaos.library.finders import FINDERS
from aichaos.library.model import Scenario

_DRAFT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
_OURS = ("body", "file")
"""Fields of a scenario that the program fills in itself."""
_SCENARIO = {
    "name": "small letters, digits and dashes; what `aichaos library` calls it",
    "version": "raise it with every change",
    "title": "one line, with holes",
    "category": "routing, capacity, network, latency, policy, dependency, release; also a word that asks for it",
    "summary": "what is done and what it shows, with holes",
    "find": "the finder: which objects it can be made for",
    "keywords": "words that ask for it, in lower case",
    "rank": "where nothing else tells scenarios apart, the lowest comes first",
    "slug": "what the names of its experiments begin with, where that is not its own name",
    "tags": "collections that it belongs to",
    "parameters": "what may be set: a default alone, or a parameter with unit and range",
}


def scenario_schema() -> dict[str, Any]:
    """A scenario: its head strictly, and an experiment in which holes may stand for anything."""
    made: dict[str, Any] = msgspec.json.schema(Scenario)
    scenario = made["$defs"]["Scenario"]
    for field in _OURS:
        del scenario["properties"][field]
    assert set(scenario["properties"]) == set(_SCENARIO), "_SCENARIO does not fit Scenario"
    for field, about in _SCENARIO.items():
        scenario["properties"][field]["description"] = about
    scenario["properties"]["find"]["enum"] = sorted(FINDERS)
    scenario["properties"]["experiment"] = {
        "type": "object",
        "description": "an experiment in which `${…}` stands for what the finder and the parameters give; see experiment.schema.json",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"const": "aichaos/v1"},
            "kind": {"const": "Experiment"},
            "metadata": {"type": "object"},
            "spec": {"type": "object", "required": ["title", "hypothesis", "steps"]},
        },
    }
    scenario["required"] = [*scenario["required"], "experiment"]
    return _DRAFT | {"title": "aichaos Scenario"} | described(made)


def described(made: dict[str, Any]) -> dict[str, Any]:
    """Docstrings for people who do not read Python."""
    for part in made["$defs"].values():
        if "description" in part:
            told = re.sub(r"\s*Raises [^.]*\.", "", inspect.cleandoc(part["description"]))
            part["description"] = told.replace("None", "null")
    return made


def results_schema() -> dict[str, Any]:
    """What `aichaos report -o json` writes. Later versions may add fields."""
    made: dict[str, Any] = msgspec.json.schema(Results)
    made["$defs"]["Results"]["required"] = [field.encode_name for field in msgspec.structs.fields(Results)]
    return _DRAFT | {"title": "aichaos Results"} | described(made)


def gameday_schema() -> dict[str, Any]:
    """The plan of a GameDay."""
    made: dict[str, Any] = msgspec.json.schema(GameDay)
    top = made["$defs"]["GameDay"]
    top["required"] = ["apiVersion", "kind", "metadata", "spec"]
    top["properties"] |= {"apiVersion": {"const": "aichaos/v1"}, "kind": {"const": "GameDay"}}
    made["$defs"]["Scene"]["oneOf"] = [{"required": ["experiment"]}, {"required": ["library"]}]
    return _DRAFT | {"title": "aichaos GameDay"} | described(made)
