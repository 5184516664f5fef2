"""The questions that make a suggestion: one for ideas, then one for each idea's exact experiment, several at once; and what is asked again
where an answer was not good enough.

Ideas want breadth and experiments want precision; asked together, models give neither.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from aichaos.ask import parse
from aichaos.ask.agreement import disagreements, transgressions
from aichaos.ask.bounds import bounds, said_to_the_user
from aichaos.ask.cache import Cache
from aichaos.ask.grounding import grounded, returning
from aichaos.ask.meter import METER, check_length
from aichaos.ask.protocol import Attempt, Backend, Facts, Kind, Prompt, Question, Reply
from aichaos.ask.redact import without_secrets
from aichaos.ask.watching import watched
from aichaos.domain.base import plural
from aichaos.domain.experiment import Experiment, Provenance, to_document
from aichaos.domain.finding import Finding, Severity, summary
from aichaos.domain.suggestion import Draft, Idea, Round, Usage
from aichaos.errors import BackendError, PromptTooLongError, ReplyError
from aichaos.files import yaml
from aichaos.files.plain import well_formed

if TYPE_CHECKING:
    from aichaos.ask.veil import Veil

Say = Callable[[str], None]
"""Takes a line about how it goes."""

Judge = Callable[[Experiment], list[Finding]]
"""What the checks say about an experiment."""

Mend = Callable[[Experiment, list[Finding]], tuple[Experiment, list[Finding]]]
"""Makes the corrections that are certain; the experiment, and what was corrected. Where there are none, the same and nothing."""


SMALLEST_BUDGET = 4_000
"""Tokens below which no template of ours has room for a cluster."""


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How questions are put.

    budget: tokens of a prompt, by our estimate. anonymize: whether names and addresses stay here. repairs: how often an answer with
    errors is asked about again. cache: where answers are kept; None for nowhere. settings: what else could change an answer. watch: is
    called with each piece of an answer.
    """

    budget: int = 30_000
    anonymize: bool = False
    repairs: int = 2
    cache: Path | None = None
    settings: str = ""
    watch: Say = lambda piece: None


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What answers are read and judged with.

    digest: of the snapshot. decode: how an experiment is read. judge: the checks. mend: the corrections that are certain. example: how it
    looks where a rule of the checks lets it pass, "" where it has none. say: takes how it goes. manner: how questions are put.
    """

    digest: Callable[[], str]
    decode: parse.Decode
    judge: Judge
    mend: Mend = lambda experiment, found: (experiment, [])
    example: Callable[[str], str] = lambda rule: ""
    say: Say
    manner: Manner


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it all: a draft an idea, in order; what it cost; what the user should know."""

    drafts: list[Draft]
    usage: Usage
    warnings: list[str]


class Asker:
    """Puts questions to one backend about one cluster, and remembers what that cost."""

    def __init__(self, backend: Backend, facts: Facts, means: Means) -> None:
        self.backend = backend
        self.facts = facts
        self.limits = bounds(facts.words.text, facts.topology, facts.said)
        self.manner = means.manner
        self.decode = means.decode
        self.judge = means.judge
        self.mend = means.mend
        self.example = means.example
        self.say = means.say
        self.replies: list[tuple[Reply, bool]] = []
        self.versions: list[str] = []
        self.digest = means.digest()
        self._cache = Cache(self.manner.cache if backend.prompted else None, digest=self.digest, settings=self.manner.settings)
        self.render = _Render(self.manner, facts)

    # one question -----------------------------------------------------------------------------------------------------------------

    def reply(self, question: Question) -> "_Answer":
        """The answer to a question, its stand-ins lifted."""
        kept = self._cache.find(self.backend, question) if self._cache.place else None
        if kept is not None:
            return self._answered(kept, question, cached=True)
        try:
            found = self._answer(question)
        except PromptTooLongError:
            self.say(f"{who(self.backend)} takes no prompt of that length; asking again with half of it")
            question = Question(question.kind, question.facts, partial(self.render, budget=self.manner.budget // 2))
            found = self._answer(question)
        return self._answered(found, question, cached=False)

    def _answered(self, raw: Reply, question: Question, *, cached: bool) -> "_Answer":
        self.replies.append((raw, cached))
        text = self.render.lift(raw.text) if question.rendered else raw.text
        return _Answer(raw=raw, reply=msgspec.structs.replace(raw, text=text), question=question, cached=cached)

    def _answer(self, question: Question) -> Reply:
        if not self.backend.prompted:
            return self.backend.answer(question, self.manner.watch)
        number = METER.start(question.prompt)
        found: Reply | None = None
        try:
            found = self.backend.answer(question, METER.progress(number, self.manner.watch))
            check_length(len(found.text))
        finally:
            METER.end(number, found)
        notes = tuple(dict.fromkeys([*question.prompt.notes, *found.notes]))
        return msgspec.structs.replace(found, text=well_formed(found.text), notes=notes)

    def question(self, kind: Kind, facts: Facts) -> Question:
        return Question(kind, facts, self.render)

    # ideas ------------------------------------------------------------------------------------------------------------------------

    def ideas(self) -> tuple[list[Idea], list[str]]:
        """The ideas that came, and what the user should know about the answer. Raises ReplyError where it can't be used."""
        answer = self.reply(self.question("ideas", self.facts))
        found, problems = parse.ideas(answer.reply.text)
        for number in range(self.manner.repairs if self.backend.prompted else 0):
            if found or answer.reply.end == "refused" or _EMPTY_LIST.search(answer.reply.text):
                break
            self.say(f"no idea could be read; asking {who(self.backend)} once more ({number + 1} of {self.manner.repairs})")
            attempt = Attempt(text=answer.reply.text, findings=problems)
            again = self.reply(self.question("ideas", msgspec.structs.replace(self.facts, attempt=attempt)))
            if again.reply.text == answer.reply.text:
                break
            answer = again
            found, problems = parse.ideas(answer.reply.text)
        reply = answer.reply
        if reply.end == "refused":
            raise ReplyError(
                f"{who(self.backend)} refused to answer", hint="Say it in other words, or choose another backend with --backend."
            )
        errors = [finding for finding in problems if finding.severity == "error"]
        if not found and any(finding.rule != "reply/no-ideas" for finding in errors):
            hint = "Ask again, or choose another backend."
            raise ReplyError(f"the answer of {who(self.backend)} can't be used: {errors[0].message}", hint=hint)
        if not found and self.backend.prompted and not _EMPTY_LIST.search(reply.text):
            start = " ".join(reply.text.split())[:100]
            raise ReplyError(
                f"{who(self.backend)} gave no ideas" + (f"; it says: {start}" if start else ", and no word"),
                hint="Ask again, in other words perhaps, or choose another model or backend.",
            )
        if found:
            self.keep(answer)
        self._remember(answer.question)
        # a backend without a model has said in its notes why it has no idea
        said = [finding.message for finding in problems if self.backend.prompted or finding.rule != "reply/no-ideas"]
        if self.backend.prompted:
            pairs = [grounded(idea, self.facts.topology) for idea in found]
            found = [idea for idea, _ in pairs]
            said += [
                f"{idea.id} names {name[:120]}, which this cluster does not have; it was left out"
                for idea, names in pairs
                for name in names
            ]
        return found, [*reply.notes, *said]

    # experiments ------------------------------------------------------------------------------------------------------------------

    def draft(self, kind: Kind, idea: Idea, facts: Facts) -> tuple[Draft, list[str]]:
        """The best experiment that a backend gives for an idea, in the first round or after mending; and notes for the user."""
        question = self.question(kind, facts)
        rounds: list[Round] = []
        best: _Try | None = None
        notes: list[str] = []
        seen: set[str] = set()
        while True:
            try:
                answer = self.reply(question)
            except BackendError as error:
                if best is None:
                    raise
                notes.append(f"{idea.id}: could not be mended: {error}")
                break
            reply = answer.reply
            self._remember(answer.question)
            tried = self._tried(reply, idea, facts, best)
            notes += reply.notes
            if tried.experiment is not None:
                self.keep(answer)
            better = best is None or tried.rank < best.rank
            counts = summary(tried.findings)
            rounds.append(
                Round(errors=counts["error"], warnings=counts["warning"], changed=tried.changed, kept=better, findings=tried.findings)
            )
            best = tried if better or best is None else best
            if not best.to_mend or not self.backend.prompted or len(rounds) > self.manner.repairs or reply.text in seen:
                break
            seen.add(reply.text)
            wrong = plural(counts["error"], "error")
            self.say(f"{idea.id}: {wrong}; asking {who(self.backend)} to mend ({len(rounds)} of {self.manner.repairs})")
            question = self.question(kind, msgspec.structs.replace(facts, attempt=self._attempt(best)))
        return Draft(idea=idea, experiment=best.experiment, findings=best.findings, rounds=rounds), notes

    def _tried(self, reply: Reply, idea: Idea, facts: Facts, before: "_Try | None") -> "_Try":
        experiment, said = parse.experiment(reply.text, idea, self.decode, _home(facts, self.limits.namespaces))
        if reply.end in _ENDS:
            rule, message = _ENDS[reply.end]
            severity: Severity = "error" if experiment is None else "warning"
            said = [Finding(rule=rule, layer="schema", severity=severity, message=message), *said]
        judged: list[Finding] = []
        if experiment is not None:
            if self.backend.prompted:
                experiment, back = returning(watched(experiment, idea, facts.topology), facts.topology)
                said = [*said, *back]
            judged = self.judge(experiment)
            for _ in range(_MENDINGS if self.backend.prompted else 0):
                experiment, corrected = self.mend(experiment, judged)
                if not corrected:
                    break
                said = [*said, *corrected]
                judged = self.judge(experiment)
            if self.backend.prompted:
                said = [*said, *disagreements(experiment, facts.words, self.limits)]
            said = [*said, *transgressions(experiment, self.limits, facts.topology)]
        changed = _changed(before.experiment if before else facts.experiment, experiment)
        return _Try(text=reply.text, experiment=experiment, said=said, judged=judged, changed=changed)

    def _attempt(self, best: "_Try") -> Attempt:
        # Names that do not exist are mended by the names that do: those of an example are of no cluster.
        rules = {one.rule for one in best.findings if one.severity in ("error", "warning") and one.layer != "reference"}
        examples = {rule: self.example(rule) for rule in sorted(rules)}
        return Attempt(text=best.shown, findings=best.findings, examples=examples)

    def keep(self, answer: "_Answer") -> None:
        """Remember an answer that was of use for the next time."""
        if self._cache.place and not answer.cached:
            self._cache.keep(self.backend, answer.question, answer.raw)

    def _remember(self, question: Question) -> None:
        if question.rendered and question.prompt.version not in self.versions:
            self.versions.append(question.prompt.version)

    # what it cost and where it comes from -----------------------------------------------------------------------------------------

    def usage(self) -> Usage:
        asked = [reply for reply, cached in self.replies if not cached]
        return Usage(
            name=self.backend.name,
            model=next((reply.model for reply, _ in self.replies if reply.model), self.backend.model),
            calls=len(asked),
            input_tokens=sum(reply.input_tokens for reply in asked),
            output_tokens=sum(reply.output_tokens for reply in asked),
            cost_usd=self._cost(asked),
            cached=len(self.replies) - len(asked),
        )

    def _cost(self, replies: list[Reply]) -> float | None:
        """Dollars; None as soon as the price of one answer is not known."""
        if not self.backend.prompted:
            return 0.0
        costs = [reply.cost_usd for reply in replies]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def provenance(self) -> Provenance:
        return Provenance(
            backend=self.backend.name,
            model=self.backend.model,
            prompt=", ".join(self.versions) or None,
            snapshot=self.digest,
            words=without_secrets(self.facts.words.text)[:500] or None,
        )

    def notes(self) -> list[str]:
        """What is to be said about the limits in the words, and about where answers came from."""
        limits = said_to_the_user(self.limits)
        cached = sum(cached for _, cached in self.replies)
        if not cached:
            return limits
        which = "the answer" if cached == len(self.replies) == 1 else f"{cached} of {len(self.replies)} answers"
        return [*limits, f"{which} came from the cache of earlier answers; --no-cache asks again"]


_EMPTY_LIST = re.compile(r"\bideas\b[\"']?\s*:\s*\[\s*\]")
"""An answer in the form that was asked for which says that there is no idea."""
_MENDINGS = 5
"""How often corrections are made one after the other: one can bring the next to light."""


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """raw: as it came, with its stand-ins; reply: with the originals."""

    raw: Reply
    reply: Reply
    question: Any
    cached: bool


class _Try(msgspec.Struct, frozen=True, kw_only=True):
    """One round. said: findings about the answer, judged: about the experiment in it."""

    text: str
    experiment: Experiment | None
    said: list[Finding]
    judged: list[Finding]
    changed: int

    @property
    def findings(self) -> list[Finding]:
        return [*self.said, *self.judged]

    @property
    def shown(self) -> str:
        """The answer as it goes back to be mended: as it came, or as the experiment that was made of it, whose paths the findings name."""
        made = self.experiment is not None and any(
            one.rule in ("reply/assembled", "reply/corrected", "reply/no-way-back") for one in self.said
        )
        return f"```yaml\n{yaml.dump(to_document(self.experiment))}```" if made and self.experiment else self.text

    @property
    def to_mend(self) -> bool:
        return any(one.severity == "error" or one.rule.startswith("asked/") for one in self.findings)

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """Smaller is better: readable, fewer errors, closer to what was asked, the smaller change."""
        errors = sum(one.severity == "error" for one in self.findings)
        return self.experiment is None, errors, sum(one.rule.startswith("asked/") for one in self.findings), self.changed


class _Render:
    """Renders prompts for one conversation, all behind the same veil; made when the first prompt is read."""

    def __init__(self, manner: Manner, facts: Facts) -> None:
        self._manner = manner
        self._facts = facts
        self._veil: Veil | None = None

    def __call__(self, kind: Kind, facts: Facts, budget: int | None = None) -> Prompt:
        from aichaos.ask import prompting, summary_prompt  # a backend without a model never gets here

        render = summary_prompt.render if kind == "summary" else prompting.render
        return render(kind, facts, budget=budget or self._manner.budget, veil=self.veil())

    def veil(self) -> "Veil":
        from aichaos.ask.veil import Veil

        if self._veil is None:
            self._veil = Veil(self._facts.topology.snapshot, names=self._manner.anonymize, known=self._facts.names)
        return self._veil

    def lift(self, text: str) -> str:
        return self.veil().lift(text)


def ask(backend: Backend, facts: Facts, means: Means) -> Asked:
    """Ask for `facts.count` ideas and their experiments. Raises BackendError where the backend fails."""
    asker = Asker(backend, facts, means)
    if backend.prompted:
        means.say(f"asking {who(backend)} for ideas")
    found, notes = asker.ideas()
    drafts = _drafts(asker, found[: facts.count])
    for _draft, said in drafts:
        notes += said
    used = asker.provenance()
    notes += asker.notes()
    return Asked(drafts=[signed(draft, used) for draft, _ in drafts], usage=asker.usage(), warnings=list(dict.fromkeys(notes)))


def refine(backend: Backend, facts: Facts, means: Means) -> Asked:
    """Have the experiment of the facts changed by its words. Raises BackendError where the backend fails."""
    assert facts.experiment is not None
    asker = Asker(backend, facts, means)
    if backend.prompted:
        means.say(f"asking {who(backend)}")
    spec = facts.experiment.spec
    idea = Idea(id=facts.experiment.name, title=spec.title, summary=spec.rationale, category=spec.category, hypothesis=spec.hypothesis)
    draft, notes = asker.draft("refine", idea, facts)
    if draft.experiment is None and any(finding.rule == "reply/refused" for finding in draft.findings):
        raise ReplyError(f"{who(backend)} refused to answer", hint="Say it in other words, or choose another backend with --backend.")
    warnings = list(dict.fromkeys([*notes, *asker.notes()]))
    return Asked(drafts=[signed(draft, asker.provenance())], usage=asker.usage(), warnings=warnings)


def _drafts(asker: Asker, ideas: list[Idea]) -> list[tuple[Draft, list[str]]]:
    def one(idea: Idea) -> tuple[Draft, list[str]]:
        return asker.draft("experiment", idea, msgspec.structs.replace(asker.facts, idea=idea))

    if asker.backend.prompted and len(ideas) > 1:
        from concurrent.futures import ThreadPoolExecutor  # only where somebody is waited for

        asker.say(f"asking for {len(ideas)} experiments at once")
        asker.render.veil()  # one for all threads
        with ThreadPoolExecutor(max_workers=min(len(ideas), 8)) as pool:
            return list(pool.map(one, ideas))
    return [one(idea) for idea in ideas]


_ENDS = {
    "length": ("reply/cut-off", "the answer was cut off at the token limit"),
    "refused": ("reply/refused", "the backend refused to answer"),
}
"""Ends of an answer that a reader of its experiment must know about."""


def _home(facts: Facts, asked: Sequence[str]) -> str:
    """The namespace of what an answer names none for: the one that was asked for, else that of the idea's objects, else `default`."""
    if asked:
        return asked[0]
    for why in facts.idea.why_here if facts.idea else ():
        if why.count("/") == 2:
            return why.split("/")[1]
    return "default"


def _changed(before: Experiment | None, after: Experiment | None) -> int:
    """Lines that are in one of two experiments and not in the other."""
    if before is None or after is None:
        return 0
    one, other = (Counter(yaml.dump(to_document(experiment)).split("\n")) for experiment in (before, after))
    return sum(((one - other) + (other - one)).values())


def signed(draft: Draft, provenance: Provenance) -> Draft:
    """Where an experiment comes from is what we know, not what an answer says about itself."""
    if draft.experiment is None:
        return draft
    spec = msgspec.structs.replace(draft.experiment.spec, provenance=provenance)
    return msgspec.structs.replace(draft, experiment=msgspec.structs.replace(draft.experiment, spec=spec))


def who(backend: Backend) -> str:
    return f"{backend.name} ({backend.model})" if backend.model else backend.name
