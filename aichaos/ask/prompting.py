"""The prompt: a template from `prompts/`, filled with what is shown of the cluster, what is known of its engines, and the user's words.

The whole prompt is never more than its budget, and everything that goes in goes through the veil first: secrets never leave, names only
if the user does not mind.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from aichaos.ask.bounds import bounds, said_to_a_model
from aichaos.ask.protocol import Attempt, Facts, Kind, Prompt, Turn
from aichaos.ask.showing import show
from aichaos.ask.tokens import shortened, tokens
from aichaos.ask.veil import Veil
from aichaos.ask.words import MAX_WORDS
from aichaos.domain.base import plain
from aichaos.domain.experiment import Experiment, to_document
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.suggestion import Idea
from aichaos.errors import UsageError
from aichaos.files import yaml

BUDGET = 30_000
"""Tokens of a whole prompt, by our estimate; a setting."""


def render(kind: Kind, facts: Facts, *, budget: int = BUDGET, veil: Veil | None = None) -> Prompt:
    """The prompt for a question, the same for the same facts. Raises UsageError where the experiment alone is more than the budget."""
    veil = veil or Veil()
    fixed = _fixed(facts, veil)
    bare = sum(map(tokens, filled(kind, fixed | _EMPTY)))
    room = budget - bare - _FOR_NOTES
    if room < _SMALLEST_ROOM:
        hint = "Allow longer prompts with --budget."
        raise UsageError(f"what has to be in the prompt is more than a prompt of {budget:,} tokens", hint=hint)
    words, said, notes = _spoken(facts, room, veil)
    limits = [veil.hide(line) for line in said_to_a_model(bounds(facts.words.text, facts.topology, facts.said))]
    values = fixed | {"words": words, "said": said}
    mending = _mending(kind, facts.attempt, room, veil) if facts.attempt else []
    version = template(kind)[2]
    room -= tokens(words) + sum(map(tokens, said)) + sum(tokens(turn.text) for turn in mending)
    while True:
        cluster, left_out = show(facts, room, veil)
        system, text = filled(kind, values | {"cluster": cluster, "notes": [*limits, *left_out, *notes]})
        turns = (Turn(role="user", text=text), *mending)
        over = tokens(system) + sum(tokens(turn.text) for turn in turns) - budget
        if over <= 0 or not room:
            break
        room = max(0, room - over)
    schema, closed = _schema(kind)
    if mending:
        version = f"{version}+{template('repair')[2]}"
    return Prompt(system=system, turns=turns, version=version, notes=(*left_out, *notes), schema=schema, closed=closed)


_FOR_NOTES = 300
"""Tokens that are kept free for what has to be said about what was left out."""
_SMALLEST_ROOM = 600
_LONGEST_IDEA = 1_000
"""Tokens of an idea that are shown: it is a model's text, and nobody says how long that is."""
_EMPTY: dict[str, Any] = {"cluster": "", "notes": [], "words": "", "said": []}


def _fixed(facts: Facts, veil: Veil) -> dict[str, Any]:
    """What fills a template and is never cut short."""
    return {
        "count": facts.count,
        "engines": [
            {"name": engine.name, "release": engine.release or "unknown release", "versions": ", ".join(engine.versions)}
            for engine in facts.topology.snapshot.engines
        ],
        "facts": "\n".join(engine_facts(facts.topology.snapshot)),
        "idea": shortened(yaml.dump(veil.hide_tree(plain(facts.idea))).strip(), _LONGEST_IDEA) if facts.idea else "",
        "experiment": yaml.dump(veil.hide_tree(_unsigned(facts.experiment))).strip() if facts.experiment else "",
    }


def _spoken(facts: Facts, room: int, veil: Veil) -> tuple[str, list[str], list[str]]:
    """The request, at most a quarter of the room, and the conversation before it, at most an eighth; and what was cut short."""
    said, notes = _said(facts.said, room // 8, veil)
    hidden = veil.hide(facts.words.text.strip() or "Chaos tests for the resilience of this cluster's network.")
    short = shortened(hidden, room // 4)
    if len(facts.words.text) >= MAX_WORDS:
        notes.append(f"only the first {MAX_WORDS:,} characters of the request were read")
    if short != hidden:
        notes.append(f"only the first {len(short):,} of {len(hidden):,} characters of the request are shown")
        short = f"{short}{_CUT}"
    return short, said, notes


_CUT = "\n… (the request goes on; the rest did not fit)"


def _unsigned(experiment: Experiment) -> dict[str, Any]:
    """An experiment without its provenance, which is ours to write."""
    document = to_document(experiment)
    document["spec"].pop("provenance", None)
    return document


def _said(lines: tuple[str, ...], room: int, veil: Veil) -> tuple[list[str], list[str]]:
    """Of an earlier conversation the latest lines that fit, the oldest of them cut short; and a note where some are missing."""
    kept: list[str] = []
    for line in reversed(lines):
        hidden = veil.hide(line).replace("\n", " ")
        cost = tokens(hidden) + 2
        if cost > room:
            rest = shortened(hidden, room - 4)
            kept += [f"{rest} …"] if len(rest) > 40 else []
            break
        kept.append(hidden)
        room -= cost
    missing = len(lines) - len(kept)
    note = [f"{missing} of {len(lines)} earlier lines of the conversation are left out"] if missing else []
    return kept[::-1], note


_MARKS = re.compile(r"<(\s*/?\s*(?:cluster|experiment|request|conversation|report)\s*/?\s*)>", re.IGNORECASE)
"""What stands around data in our templates: data that holds it would end there for a model, and what follows would be an order."""


def filled(kind: str, values: dict[str, Any]) -> tuple[str, str]:
    """The system part and the question of a template with these values in it."""
    system, text, _ = template(kind)
    values = {name: _unmarked(value) for name, value in values.items()}
    environment = _environment()
    return environment.from_string(system).render(values).strip(), environment.from_string(text).render(values).strip() + "\n"


def _unmarked(value: Any) -> Any:
    """The value with marks that somebody has written into it made harmless, and still readable."""
    if isinstance(value, str):
        return _MARKS.sub(r"‹\1›", value)
    return [_unmarked(one) for one in value] if isinstance(value, list) else value


def _environment() -> Any:
    import jinja2  # only where a prompt is made

    return jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)


@cache
def template(name: str) -> tuple[str, str, str]:
    """System part, question part and version of a template: `---` front matter, then the parts divided by a line `=== question`."""
    raw = (files("aichaos.prompts") / f"{name}.md").read_text(encoding="utf-8")
    _, front, body = raw.split("---\n", 2)
    system, _, question = f"\n{body}".rpartition("\n=== question\n")
    (head,) = yaml.load(front, f"{name}.md")
    return system, question, f"{name}@{head['version']}"


# what models get wrong --------------------------------------------------------------------------------------------------------------

_CONTROLLERS = {"istio": "istio.io/", "envoy-gateway": "gateway.envoyproxy.io/", "contour": "projectcontour.io/"}


def engine_facts(snapshot: Snapshot) -> list[str]:
    """What models get wrong most, for the engines and gateways in the releases that this cluster has, and for no others."""
    present = {engine.name: engine.release or "" for engine in snapshot.engines}
    classes = [one.spec.controller_name for one in snapshot.gateway_classes]
    used = {gateway.spec.gateway_class_name for gateway in snapshot.gateways}
    for name, group in _CONTROLLERS.items():
        if any(controller.startswith(group) for controller in classes) or name in used:
            present.setdefault(name, "")
    if snapshot.virtual_services or snapshot.destination_rules:
        present.setdefault("istio", "")
    found = []
    for name, head, text in _all_facts():
        release = present.get(head["for"])
        if release is None or not _release_fits(head, release):
            continue
        found.append(_environment().from_string(text).render({"release": release or "(unknown release)", "name": name}).strip())
    return found


def _release_fits(head: dict[str, Any], release: str) -> bool:
    """Facts of one major version are for that one; where the release is not known they are those of the newest, 3."""
    wanted = head.get("releases")
    return wanted is None or (release.partition(".")[0] or "3") == wanted


@cache
def _all_facts() -> tuple[tuple[str, dict[str, Any], str], ...]:
    found = []
    for path in sorted((files("aichaos.prompts") / "facts").iterdir(), key=lambda path: path.name):
        if path.name.endswith(".md"):
            _, front, text = path.read_text(encoding="utf-8").split("---\n", 2)
            (head,) = yaml.load(front, path.name)
            found.append((path.name, head, text))
    return tuple(found)


# mending --------------------------------------------------------------------------------------------------------------------------


def _mending(kind: Kind, attempt: Attempt, room: int, veil: Veil) -> list[Turn]:
    """The answer and what is wrong with it, as turns. An answer that is too long is shown in part."""
    from aichaos.ask.advice import advice

    answer = veil.hide(attempt.text)
    short = shortened(answer, room // 4)
    findings = [{key: _hidden(key, text, veil) for key, text in one.items()} for one in advice(attempt)]
    _, text = filled("repair", {"kind": kind, "findings": findings[:_MOST_FINDINGS]})
    return [Turn(role="assistant", text=short.strip() or "(no text)"), Turn(role="user", text=shortened(text, room // 8))]


def _hidden(key: str, value: Any, veil: Veil) -> Any:
    """A part of a finding behind the veil; a path field by field, or the whole of it would pass for a long random text."""
    if key == "path":
        return "/".join(veil.hide(part) for part in value.split("/"))
    return veil.hide(value) if isinstance(value, str) else value


_MOST_FINDINGS = 20


def _schema(kind: Kind) -> tuple[dict[str, Any], bool]:
    """The form of an answer in JSON. That of ideas is closed; an experiment holds manifests, which are open."""
    return (_ideas_schema(), True) if kind == "ideas" else (_experiment_schema(), False)


@cache
def _ideas_schema() -> dict[str, Any]:
    text = {"type": "string"}
    fields = {field.encode_name: text for field in msgspec.structs.fields(Idea)}
    fields["why_here"] = {"type": "array", "items": text}  # type: ignore[dict-item]
    idea = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    ideas = {"ideas": {"type": "array", "items": idea}}
    return {"type": "object", "properties": ideas, "required": ["ideas"], "additionalProperties": False}


@cache
def _experiment_schema() -> dict[str, Any]:
    return msgspec.json.schema(Experiment)


def versions() -> dict[str, str]:
    """The version of each template: what makes two evaluations comparable, or not."""
    return {name: template(name)[2] for name in ("ideas", "experiment", "repair", "refine")}
