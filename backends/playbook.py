"""The backend without a model: scenarios of the library, filled with what this cluster has, chosen by the user's words.

Offline and deterministic: the same cluster and the same words give the same answer, letter for letter. It answers with the same kind
of text as a model, and what it answers goes the same way.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from aichaos.ask.agreement import within
from aichaos.ask.bounds import Bounds, bounds
from aichaos.ask.protocol import Facts, Options, Progress, Question, Reply
from aichaos.ask.wishes import one_scenario
from aichaos.ask.words import Words
from aichaos.domain import forms
from aichaos.domain.experiment import Experiment, to_document
from aichaos.domain.suggestion import Idea
from aichaos.errors import ReplyError, UsageError
from aichaos.library.choose import CANDIDATES, Choice, candidates, choose
from aichaos.library.model import Scenario
from aichaos.library.parameters import Value, checked
from aichaos.library.shelf import scenarios

if TYPE_CHECKING:
    from aichaos.library.refine import Asked

_CLEAR = 3
"""From here on words ask for one scenario rather than another: they say its name, its category, or several of its words."""


class PlaybookBackend:
    name: ClassVar[str] = "playbook"
    about: ClassVar[str] = "offline and deterministic: scenarios of the library that fit this cluster; no model is asked"
    key_variable: ClassVar[str | None] = None
    prompted: ClassVar[bool] = False
    remote: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        self.model: str | None = None
        self._own = options.library
        self._chosen: dict[str, Choice] = {}

    def answer(self, question: Question, progress: Progress) -> Reply:
        facts = question.facts
        if question.kind == "ideas":
            limits = bounds(facts.words.text, facts.topology, facts.said)
            ideas = self._ideas(facts, limits)
            return Reply(text=_json({"ideas": ideas}), notes=_notes(facts, limits, list(self._chosen.values())))
        if question.kind == "refine":
            return _refined(facts)
        if facts.idea is None or facts.idea.id not in self._chosen:
            raise ReplyError("the playbook has no scenario of that id for this cluster", hint="Ask for ideas first: `aichaos suggest`.")
        choice = self._chosen[facts.idea.id]
        return Reply(text=_json(choice.document()))

    def _ideas(self, facts: Facts, limits: Bounds) -> list[Idea]:
        self._chosen = {}
        for choice in _choices(facts, limits, scenarios(self._own)):
            if len(self._chosen) == facts.count:
                break
            first = self._chosen.setdefault(choice.id, choice)
            if first.candidate.subject != choice.candidate.subject:
                namesake = choice.with_namespace()
                self._chosen.setdefault(namesake.id, namesake)
        return [_idea(choice) for choice in self._chosen.values()]


def change_asked(text: str) -> "Asked":
    """What a sentence asks to have changed, as `library.refine` takes it."""
    from aichaos.ask.quantities import normal
    from aichaos.ask.words import read
    from aichaos.library.refine import Asked, own_times
    from aichaos.library.relative import by_how_much, new_values

    found = normal(new_values(text))
    plain, relative = by_how_much(found.text)
    words = read(own_times(plain))
    unread = (*found.unread, *relative)
    return Asked(text=plain, numbers=words.numbers(), said=words.said(), account=words.account, unread=unread)


def _refined(facts: Facts) -> Reply:
    """The experiment with what the words say in numbers and names put in its place."""
    from aichaos.ask.wishes import asks_for_commands, asks_for_yaml
    from aichaos.library.refine import change

    assert facts.experiment is not None
    asked = change_asked(bounds(facts.words.text, facts.topology).rest)
    changed = change(to_document(facts.experiment), asked, facts.topology)
    if not changed.used and (asks_for_yaml(facts.words.text) or asks_for_commands(facts.words.text)):
        return Reply(text=_json(changed.document))  # to be shown as it is
    if not changed.used:
        hint = (
            "It understands latency, jitter, loss, duration, percent of the pods, replicas, waits, the deadline, service accounts, "
            "namespaces, `A instead of B`; or choose a model with --backend."
        )
        left = f"; not used: {', '.join(changed.unused)}" if changed.unused else ""
        raise ReplyError(f"the playbook finds nothing in these words that it could change{left}", hint=hint)
    notes = [("taken from your words", changed.used), ("not used of your words", changed.unused)]
    return Reply(text=_json(changed.document), notes=tuple(f"{head}: {', '.join(texts)}" for head, texts in notes if texts))


def _choices(facts: Facts, limits: Bounds, known: Sequence[Scenario]) -> list[Choice]:
    """All that could be proposed, the best first: first the best candidate of every scenario, then the second best …"""
    wanted = _numbered(facts, known)
    ranked = sorted(known, key=lambda scenario: (0 if wanted else -_fit(scenario, facts.words), scenario.rank))
    rows = [_candidates(scenario, facts, limits) for scenario in ranked]
    longest = max((len(row) for row in rows), default=0)
    found = [row[place] for place in range(longest) for row in rows if place < len(row)]
    return found[wanted - 1 :] if wanted else found


def _numbered(facts: Facts, known: Sequence[Scenario]) -> int:
    """The place of the scenario that words mean by its number alone ("perform scenario 1"): in the order that holds without words. 0 where
    they mean none, or say more about it than a number."""
    number = one_scenario(facts.words.text) if facts.count == 1 else None
    return number if number and max((_fit(scenario, facts.words) for scenario in known), default=0) < _CLEAR else 0


def _fit(scenario: Scenario, words: Words) -> int:
    """How strongly words ask for a scenario: numbers that only it can use, its own name and category, then its keywords."""
    own = {*(part for part in scenario.prefix.split("-") if len(part) > 3), scenario.category} - {"service"}
    numbers = scenario.parameters.keys() & words.numbers().keys()
    return 4 * len(numbers) + 3 * len(own & words.tokens) + len(set(scenario.keywords) & words.tokens)


def _candidates(scenario: Scenario, facts: Facts, limits: Bounds) -> list[Choice]:
    """The best that a scenario can be made for, within the limits of the words."""
    bounded = bool(limits.kept or limits.namespaces)
    count = max(facts.count, 1)
    best = candidates(scenario, facts.topology, facts.words.tokens - limits.names, CANDIDATES if bounded else count)
    said = {name: value for name, (value, _) in _usable(scenario, facts.words).items()}
    choices = (choose(scenario, candidate, facts.topology, said, facts.words.account) for candidate in best)
    if bounded:
        choices = (choice for choice in choices if within(forms.convert(choice.document(), Experiment), limits, facts.topology))
    return list(islice(choices, count))


def _usable(scenario: Scenario, words: Words) -> dict[str, tuple[Value, str]]:
    """Parameters of a scenario that the words set, with the value and the quantity that says it: only what the scenario takes.

    Where no fault has a duration of its own, it is how long a change is left to work.
    """
    numbers = words.numbers()
    found: dict[str, tuple[Value, str]] = {}
    for name, parameter in scenario.settable.items():
        quantity = "duration" if name == "hold" and "duration" not in scenario.settable else name
        if quantity in numbers:
            with suppress(UsageError):  # said as not used
                found[name] = (checked(name, parameter, numbers[quantity]), quantity)
    return found


def _idea(choice: Choice) -> Idea:
    return Idea(
        id=choice.id,
        title=choice.title,
        summary=choice.summary,
        category=choice.scenario.category,
        why_here=[str(ref) for ref in choice.candidate.why],
        hypothesis=str(choice.document()["spec"]["hypothesis"]),
    )


def _json(answer: Any) -> str:
    return msgspec.json.encode(answer).decode()


def _notes(facts: Facts, limits: Bounds, chosen: list[Choice]) -> tuple[str, ...]:
    """Which numbers and names of the user's sentence went into the answer, and which did not; and why there is none."""
    words = facts.words
    used = {quantity for choice in chosen for _, quantity in _usable(choice.scenario, words).values()}
    if words.account and any(choice.values.get("account") == words.account for choice in chosen):
        used.add("account")
    said = words.said()
    homes, elsewhere = _homes(facts, limits, chosen)
    notes = [("taken from your words", [*(text for name, text in said.items() if name in used), *homes])]
    notes += [("not used of your words", [*(text for name, text in said.items() if name not in used), *words.unused])]
    notes += [("named in your words, and no suggestion is about it", [*_left_out(facts, limits, chosen), *elsewhere])]
    lines = [f"{head}: {', '.join(texts)}" for head, texts in notes if texts]
    if not chosen and (limits.kept or limits.namespaces):
        lines.append(_NOTHING_WITHIN)
    elif not chosen:
        lines.append(_NOTHING_FITS)
    elif words.text.strip() and one_scenario(words.text) is None and not any(_fit(choice.scenario, words) for choice in chosen):
        lines.append("your words name no scenario of the library; these are the ones that fit this cluster best")
    return tuple(lines)


_NOTHING_FITS = (
    "no scenario of the library fits: they start from an HTTPRoute that a Gateway takes and whose backend has a ready endpoint, "
    "or from a Service with pods where Chaos Mesh or Litmus is installed"
)


_NOTHING_WITHIN = (
    "no scenario of the library fits within the limits that your words set: allow more, or see `aichaos library` for what there is"
)


def _homes(facts: Facts, limits: Bounds, chosen: list[Choice]) -> tuple[list[str], list[str]]:
    """The namespaces that the words name: those that were followed, and those that were not."""
    tokens = facts.words.tokens - limits.names
    telling = [name for name in facts.topology.namespaces if name.lower() in tokens and re.search(r"[-\d]", name)]
    about = {name for choice in chosen for name in choice.candidate.namespaces}
    named = dict.fromkeys([*limits.namespaces, *sorted(telling)])
    return [f"namespace {name}" for name in named if name in about], [f"namespace {name}" for name in named if name not in about]


def _left_out(facts: Facts, limits: Bounds, chosen: list[Choice]) -> list[str]:
    """Objects that the words name and no chosen candidate has anything to do with."""
    about = {ref.name.lower() for choice in chosen for ref in choice.candidate.why}
    snapshot = facts.topology.snapshot
    objects = (*snapshot.http_routes, *snapshot.services, *snapshot.deployments, *snapshot.stateful_sets)
    tokens = facts.words.tokens - limits.names
    there = {obj.name for obj in objects if "-" in obj.name and obj.name.lower() in tokens}
    return sorted(name for name in there if name.lower() not in about)
