"""The two questions that make a suggestion: one for ideas, then one for each idea's exact experiment, several at once.

Ideas want breadth and experiments want precision; asked together, models give neither.
"""

from collections.abc import Callable

import msgspec

from aichaos.ask import parse
from aichaos.ask.protocol import Backend, Facts, Kind, Prompt, Question, Reply
from aichaos.domain.experiment import Provenance
from aichaos.domain.finding import Finding, Severity
from aichaos.domain.suggestion import Draft, Idea, Usage
from aichaos.errors import ReplyError

Say = Callable[[str], None]
"""Takes a line about how it goes."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it all: a draft an idea, in order; what it cost; what the user should know."""

    drafts: list[Draft]
    usage: Usage
    warnings: list[str]


def ask(backend: Backend, facts: Facts, digest: Callable[[], str], decode: parse.Decode, say: Say) -> Asked:
    """Ask for `facts.count` ideas and their experiments. Raises BackendError where the backend fails.

    digest: of the snapshot, for the provenance. decode: how an experiment is read.
    """
    question = Question("ideas", facts, _render)
    if backend.prompted:
        say(f"asking {_who(backend)} for ideas")
    first = backend.answer(question, _silent)
    ideas, problems = parse.ideas(first.text)
    if first.end == "refused":
        raise ReplyError(f"{_who(backend)} refused to answer", hint="Say it in other words, or choose another backend with --backend.")
    if not ideas and any(finding.rule != "reply/no-ideas" for finding in problems):
        raise ReplyError(
            f"the answer of {_who(backend)} can't be used: {problems[0].message}", hint="Ask again, or choose another backend."
        )
    questions = [Question("experiment", msgspec.structs.replace(facts, idea=idea), _render) for idea in ideas[: facts.count]]
    replies = _answers(backend, questions, say)
    drafts = [_draft(idea, reply, decode) for idea, reply in zip(ideas, replies, strict=False)]
    used = _provenance(backend, facts, digest, [question, *questions[:1]])
    # a backend without a model has said in its notes why it has no idea
    said = [finding for finding in problems if backend.prompted or finding.rule != "reply/no-ideas"]
    warnings = [*first.notes, *(note for reply in replies for note in reply.notes), *(finding.message for finding in said)]
    return Asked(
        drafts=[_signed(draft, used) for draft in drafts],
        usage=_usage(backend, [first, *replies]),
        warnings=list(dict.fromkeys(warnings)),
    )


def _answers(backend: Backend, questions: list[Question], say: Say) -> list[Reply]:
    if backend.prompted and len(questions) > 1:
        from concurrent.futures import ThreadPoolExecutor  # only where somebody is waited for

        say(f"asking for {len(questions)} experiments at once")
        with ThreadPoolExecutor(max_workers=min(len(questions), 8)) as pool:
            return list(pool.map(lambda question: backend.answer(question, _silent), questions))
    return [backend.answer(question, _silent) for question in questions]


def _render(kind: Kind, facts: Facts) -> Prompt:
    from aichaos.ask.prompting import render  # a backend without a model never gets here

    return render(kind, facts)


def _draft(idea: Idea, reply: Reply, decode: parse.Decode) -> Draft:
    experiment, findings = parse.experiment(reply.text, idea.id, decode)
    if reply.end in _ENDS:
        rule, message = _ENDS[reply.end]
        severity: Severity = "error" if experiment is None else "warning"
        findings = [Finding(rule=rule, layer="schema", severity=severity, message=message), *findings]
    return Draft(idea=idea, experiment=experiment, findings=findings)


_ENDS = {
    "length": ("reply/cut-off", "the answer was cut off at the token limit"),
    "refused": ("reply/refused", "the backend refused to answer"),
}
"""Ends of an answer that a reader of its experiment must know about."""


def _signed(draft: Draft, provenance: Provenance) -> Draft:
    """Where an experiment comes from is what we know, not what an answer says about itself."""
    if draft.experiment is None:
        return draft
    spec = msgspec.structs.replace(draft.experiment.spec, provenance=provenance)
    return msgspec.structs.replace(draft, experiment=msgspec.structs.replace(draft.experiment, spec=spec))


def _provenance(backend: Backend, facts: Facts, digest: Callable[[], str], questions: list[Question]) -> Provenance:
    return Provenance(
        backend=backend.name,
        model=backend.model,
        prompt=", ".join(question.prompt.version for question in questions if question.rendered) or None,
        snapshot=digest(),
        words=facts.words.text[:500] or None,
    )


def _usage(backend: Backend, replies: list[Reply]) -> Usage:
    return Usage(
        name=backend.name,
        model=next((reply.model for reply in replies if reply.model), backend.model),
        calls=len(replies),
        input_tokens=sum(reply.input_tokens for reply in replies),
        output_tokens=sum(reply.output_tokens for reply in replies),
        cost_usd=_cost(backend, replies),
    )


def _cost(backend: Backend, replies: list[Reply]) -> float | None:
    """Dollars; None as soon as the price of one answer is not known."""
    if not backend.prompted:
        return 0.0
    costs = [reply.cost_usd for reply in replies]
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def _who(backend: Backend) -> str:
    return f"{backend.name} ({backend.model})" if backend.model else backend.name


def _silent(piece: str) -> None:
    """Progress that nobody watches."""
