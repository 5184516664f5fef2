"""The backend without a model: scenarios of the library, filled with what this cluster has, chosen by the user's words.

Offline and deterministic: the same cluster and the same words give the same answer, letter for letter. It answers with the same kind
of text as a model, and what it answers goes the same way.
"""

import re
from typing import Any, ClassVar

import msgspec

from aichaos.ask.protocol import Facts, Options, Progress, Question, Reply
from aichaos.ask.wishes import one_scenario
from aichaos.ask.words import Words
from aichaos.domain.experiment import to_document
from aichaos.domain.suggestion import Idea
from aichaos.errors import ReplyError
from aichaos.library.fill import Values, fill
from aichaos.library.finders import FINDERS, Candidate
from aichaos.library.model import Scenario, scenarios
from aichaos.observe.topology import Topology

_CLEAR = 3
"""From here on words ask for one scenario rather than another: they say its name, its category, or several of its words."""
_CANDIDATES = 200
"""How many candidates of one scenario are looked at; on a large cluster the rest would not be chosen anyway."""


class PlaybookBackend:
    name: ClassVar[str] = "playbook"
    about: ClassVar[str] = "offline and deterministic: scenarios of the library that fit this cluster; no model is asked"
    key_variable: ClassVar[str | None] = None
    prompted: ClassVar[bool] = False
    remote: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        self.model: str | None = None
        self._chosen: dict[str, _Choice] = {}

    def answer(self, question: Question, progress: Progress) -> Reply:
        facts = question.facts
        if question.kind == "ideas":
            ideas = self._ideas(facts)
            return Reply(text=_json({"ideas": ideas}), notes=_notes(facts, list(self._chosen.values())))
        if question.kind == "refine":
            return _refined(facts)
        if facts.idea is None or facts.idea.id not in self._chosen:
            raise ReplyError("the playbook has no scenario of that id for this cluster", hint="Ask for ideas first: `aichaos suggest`.")
        choice = self._chosen[facts.idea.id]
        return Reply(text=_json(fill(choice.scenario.experiment, choice.values)))

    def _ideas(self, facts: Facts) -> list[Idea]:
        self._chosen = {}
        for choice in _choices(facts):
            if len(self._chosen) == facts.count:
                break
            first = self._chosen.setdefault(choice.id, choice)
            if first.candidate.subject != choice.candidate.subject:
                namesake = choice.with_namespace()
                self._chosen.setdefault(namesake.id, namesake)
        return [choice.idea() for choice in self._chosen.values()]


def _refined(facts: Facts) -> Reply:
    """The experiment with what the words say in numbers and names put in its place."""
    from aichaos.ask.wishes import asks_for_commands, asks_for_yaml
    from aichaos.ask.words import read
    from aichaos.library.refine import Asked, change, own_times

    assert facts.experiment is not None
    words = read(own_times(facts.words.text))
    asked = Asked(text=facts.words.text, numbers=words.numbers(), said=words.said(), account=words.account)
    changed = change(to_document(facts.experiment), asked, facts.topology)
    if not changed.used and (asks_for_yaml(facts.words.text) or asks_for_commands(facts.words.text)):
        return Reply(text=_json(changed.document))  # to be shown as it is
    if not changed.used:
        hint = (
            "It understands latency, jitter, loss, duration, percent of the pods, replicas, waits, the deadline, service accounts, "
            "namespaces, `A instead of B`; or choose a model with --backend."
        )
        left = f" (it understood {', '.join(changed.unused)}, and the experiment has no place for it)" if changed.unused else ""
        raise ReplyError(f"the playbook finds nothing in these words that it could change{left}", hint=hint)
    notes = [("taken from your words", changed.used), ("not used of your words", changed.unused)]
    return Reply(text=_json(changed.document), notes=tuple(f"{head}: {', '.join(texts)}" for head, texts in notes if texts))


class _Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario, the candidate that it is for, and everything to fill it with."""

    scenario: Scenario
    candidate: Candidate
    values: Values

    @property
    def id(self) -> str:
        return str(self.values["id"])

    def with_namespace(self) -> "_Choice":
        """The same under an id that names the namespace, too: for an object whose name another namespace has as well."""
        subject = self.candidate.subject
        identifier = _identifier(self.scenario.prefix, f"{subject.namespace}-{subject.name}")
        return msgspec.structs.replace(self, values=self.values | {"id": identifier})

    def idea(self) -> Idea:
        spec: Any = fill(self.scenario.experiment, self.values)["spec"]
        return Idea(
            id=self.id,
            title=str(fill(self.scenario.title, self.values)),
            summary=str(fill(self.scenario.summary, self.values)),
            category=self.scenario.category,
            why_here=[str(ref) for ref in self.candidate.why],
            hypothesis=str(spec["hypothesis"]),
        )


def _choices(facts: Facts) -> list[_Choice]:
    """All that could be proposed, the best first: first the best candidate of every scenario, then the second best …"""
    wanted = _numbered(facts)
    ranked = sorted(scenarios(), key=lambda scenario: (0 if wanted else -_fit(scenario, facts.words), scenario.rank))
    rows = [_candidates(scenario, facts) for scenario in ranked]
    longest = max((len(row) for row in rows), default=0)
    found = [row[place] for place in range(longest) for row in rows if place < len(row)]
    return found[wanted - 1 :] if wanted else found


def _numbered(facts: Facts) -> int:
    """The place of the scenario that words mean by its number alone ("perform scenario 1"): in the order that holds without words. 0 where
    they mean none, or say more about it than a number."""
    number = one_scenario(facts.words.text) if facts.count == 1 else None
    return number if number and max((_fit(scenario, facts.words) for scenario in scenarios()), default=0) < _CLEAR else 0


def _fit(scenario: Scenario, words: Words) -> int:
    """How strongly words ask for a scenario: numbers that only it can use, its own name and category, then its keywords."""
    own = {*(part for part in scenario.prefix.split("-") if len(part) > 3), scenario.category} - {"service"}
    numbers = scenario.parameters.keys() & words.numbers().keys()
    return 4 * len(numbers) + 3 * len(own & words.tokens) + len(set(scenario.keywords) & words.tokens)


def _candidates(scenario: Scenario, facts: Facts) -> list[_Choice]:
    found: list[tuple[int, Candidate]] = []
    for candidate in FINDERS[scenario.find](facts.topology, facts.words.tokens):
        found.append((_named(candidate, facts), candidate))
        if len(found) == _CANDIDATES:
            break
    best = sorted(found, key=lambda item: -item[0])[: max(facts.count, 1)]
    return [_choice(scenario, candidate, facts) for _, candidate in best]


def _named(candidate: Candidate, facts: Facts) -> int:
    """How clearly the words name this candidate: its subject, then objects around it, then its namespace."""
    tokens = facts.words.tokens
    return (
        4 * (candidate.subject.name.lower() in tokens)
        + 2 * sum(ref.name.lower() in tokens for ref in candidate.why[1:])
        + 3 * any(namespace.lower() in tokens for namespace in candidate.namespaces)
    )


def _choice(scenario: Scenario, candidate: Candidate, facts: Facts) -> _Choice:
    words = facts.words
    said = words.numbers()
    parameters = {name: said.get(name, default) for name, default in scenario.parameters.items()}
    values = candidate.values | parameters | {"scope_namespaces": candidate.namespaces}
    values["id"] = _identifier(scenario.prefix, candidate.subject.name)
    if words.account and "account" in values:
        values["account"] = words.account
    if "percent" in parameters:
        values |= _affected(facts.topology, candidate, float(parameters["percent"]), int(parameters.get("duration", 0)))
    if candidate.derived is not None:
        values |= candidate.derived(values)
    return _Choice(scenario=scenario, candidate=candidate, values=values)


def _affected(topology: Topology, candidate: Candidate, percent: float, duration: int) -> Values:
    """The pods that a percentage hits, at most, and the time that the whole experiment may take."""
    pods = max(1, -(-candidate.values["pods"] * percent // 100)) if "pods" in candidate.values else 0
    whole = sum(len(topology.pods_of_namespace.get(namespace, [])) for namespace in candidate.namespaces)
    share = -(-pods * 100 // whole) / 100 if whole else 0
    return {
        "affected": int(pods),
        "affected_share": share,
        "deadline": f"{max(5, -(-(duration + 180) // 60))}m",
        "percent": _whole(percent),
    }


def _json(answer: Any) -> str:
    return msgspec.json.encode(answer).decode()


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


def _identifier(scenario: str, subject: str) -> str:
    """A name for the experiment and its file: a DNS label of at most 63 characters, in the form that `ask.parse` gives every id."""
    return re.sub(r"[^a-z0-9]+", "-", f"{scenario}-{subject}".lower())[:63].strip("-")


def _notes(facts: Facts, chosen: list[_Choice]) -> tuple[str, ...]:
    """Which numbers and names of the user's sentence went into the answer, and which did not; and why there is none."""
    words = facts.words
    used = {name for choice in chosen for name in choice.scenario.parameters.keys() & words.numbers().keys()}
    if words.account and any(choice.values.get("account") == words.account for choice in chosen):
        used.add("account")
    said = words.said()
    notes = [("taken from your words", [text for name, text in said.items() if name in used])]
    notes += [("not used of your words", [text for name, text in said.items() if name not in used])]
    notes += [("named in your words, and no suggestion is about it", _left_out(facts, chosen))]
    lines = [f"{head}: {', '.join(texts)}" for head, texts in notes if texts]
    if not chosen:
        lines.append(_NOTHING_FITS)
    elif words.text.strip() and not any(_fit(choice.scenario, words) for choice in chosen):
        lines.append("your words name no scenario of the library; these are the ones that fit this cluster best")
    return tuple(lines)


_NOTHING_FITS = (
    "no scenario of the library fits: they start from an HTTPRoute that a Gateway takes and whose backend has a ready endpoint, "
    "or from a Service with pods where Chaos Mesh or Litmus is installed"
)


def _left_out(facts: Facts, chosen: list[_Choice]) -> list[str]:
    """Objects that the words name and no chosen candidate has anything to do with."""
    about = {ref.name.lower() for choice in chosen for ref in choice.candidate.why}
    snapshot = facts.topology.snapshot
    objects = (*snapshot.http_routes, *snapshot.services, *snapshot.deployments, *snapshot.stateful_sets)
    there = {obj.name for obj in objects if "-" in obj.name and obj.name.lower() in facts.words.tokens}
    return sorted(name for name in there if name.lower() not in about)
