"""An experiment file as an Experiment: strictly, and with everything that is wrong said at once rather than one thing a try."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.check.identity import name_findings
from aichaos.check.rules import finding
from aichaos.check.spelling import did_you_mean
from aichaos.domain import experiment as words
from aichaos.domain import forms
from aichaos.domain.base import reference_of
from aichaos.domain.experiment import Experiment, Metric, Probe, Step
from aichaos.domain.finding import Finding
from aichaos.files.plain import located, mapping, sequence
from aichaos.files.yaml import escape

_PIECES: tuple[tuple[str, type[msgspec.Struct]], ...] = (("steps", Step), ("steadyState", Probe), ("abort", Probe), ("metrics", Metric))
"""Lists under `spec` whose items are read one by one, so that one bad item does not hide the next."""

_UNKNOWN = re.compile(r"Object contains unknown field (.*)", re.DOTALL)


def experiment_of(document: dict[str, Any]) -> tuple[Experiment | None, list[Finding]]:
    """The experiment, or None and why not."""
    name = str(reference_of(document))
    whole = copy.deepcopy(document)
    spec = mapping(whole.get("spec"))
    found = list(name_findings(document, name)) if isinstance(document.get("metadata"), dict) else []
    for field, piece in _PIECES:
        for index, item in enumerate(sequence(spec.get(field))):
            found += [_placed(one, f"/spec/{field}/{index}", name) for one in _errors(item, piece)]
    shell = {**whole, "spec": {**spec, **{field: [] for field, _ in _PIECES if isinstance(spec.get(field), list)}}} if spec else whole
    found += [_placed(one, "", name) for one in _errors(shell, Experiment)]
    if not sequence(spec.get("steps")) and isinstance(spec.get("steps"), list):
        found.append(finding("experiment/schema", "no step: an experiment does at least one thing", object=name, path="/spec/steps"))
    if any(one.rule == "experiment/schema" for one in found):
        return None, found
    return forms.convert(document, Experiment), found


def _placed(error: tuple[str, str], prefix: str, name: str) -> Finding:
    message, path = error
    return finding("experiment/schema", message, object=name, path=prefix + path)


def _errors(value: Any, piece: type[msgspec.Struct]) -> Iterator[tuple[str, str]]:
    """Problem and place of everything that keeps a value from being read; unknown fields are taken out on the way."""
    removed = False
    while True:
        try:
            forms.convert(value, piece)
            return
        except msgspec.ValidationError as error:
            problem, path = located(str(error))
            unknown = _UNKNOWN.fullmatch(problem)
            if unknown is None:
                if not (removed and "exactly one verb" in problem):
                    yield f"{problem[:1].lower()}{problem[1:]}", path
                return
            field, holder = unknown[1], _at(value, path)
            if not isinstance(holder, dict) or field not in holder:
                yield f"the field {field} is not known", path
                return
            yield f"the field {field} is not known here{did_you_mean(field, _fields(piece, path))}", f"{path}/{escape(field)}"
            del holder[field]
            removed = True


def _at(value: Any, path: str) -> Any:
    for part in path.split("/")[1:]:
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = mapping(value).get(part.replace("~1", "/").replace("~0", "~"))
    return value


def _fields(piece: type[msgspec.Struct], path: str) -> list[str]:
    """The fields that may stand there: those of the piece itself, below it those of all parts of an experiment."""
    structs = (
        [piece] if not path else [part for part in vars(words).values() if isinstance(part, type) and issubclass(part, msgspec.Struct)]
    )
    return [field.encode_name for struct in structs for field in msgspec.structs.fields(struct)]
