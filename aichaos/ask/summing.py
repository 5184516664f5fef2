"""The summary of a run's report by a model: the question, and the answer, every number of which is held against the report."""

import msgspec

from aichaos.ask.citing import strange
from aichaos.ask.conversation import Asker, Manner, Means, Say, who
from aichaos.ask.protocol import Attempt, Backend, Facts
from aichaos.ask.words import read
from aichaos.domain.finding import Finding
from aichaos.domain.results import Summary
from aichaos.domain.snapshot import Snapshot, Source
from aichaos.domain.suggestion import Usage
from aichaos.errors import ReplyError
from aichaos.observe.topology import Topology

LONGEST = 3_000
"""Characters of a summary; it is asked for in 180 words."""


class Summed(msgspec.Struct, frozen=True, kw_only=True):
    """notes: what the user should know: what was left out, that an answer came from the cache."""

    summary: Summary
    usage: Usage
    notes: list[str]


def summarise(backend: Backend, report: str, names: tuple[str, ...], digest: str, manner: Manner, say: Say) -> Summed:
    """What a model makes of a report; refused where a number of it is not in the report, after it was asked to mend that.

    names: those in the report, to be hidden where the manner says so. digest: of the run. Raises BackendError, UsageError.
    """
    facts = facts_of(report, names)
    means = Means(digest=lambda: digest, decode=lambda document: (None, []), judge=lambda experiment: [], say=say, manner=manner)
    asker = Asker(backend, facts, means)
    say(f"asking {who(backend)} for a summary")
    question = asker.question("summary", facts)
    for number in range(manner.repairs + 1):
        answer = asker.reply(question)
        if answer.reply.end == "refused":
            raise ReplyError(f"{who(backend)} refused to answer", hint="Choose another backend with --backend.")
        text = answer.reply.text.strip()
        wrong = problems(text, report)
        if not wrong:
            asker.keep(answer)
            break
        if number < manner.repairs:
            say(f"the summary has what the report has not: {', '.join(wrong[:5])}; asking again ({number + 1} of {manner.repairs})")
            found = [Finding(rule="summary/number", layer="meaning", severity="error", message=one) for one in wrong]
            question = asker.question("summary", msgspec.structs.replace(facts, attempt=Attempt(text=text, findings=found)))
    usage = asker.usage()
    version = answer.question.prompt.version
    summary = Summary(text="" if wrong else text, backend=usage.name, model=usage.model, prompt=version, refused=wrong)
    return Summed(summary=summary, usage=usage, notes=list(dict.fromkeys([*answer.reply.notes, *asker.notes()])))


def facts_of(report: str, names: tuple[str, ...]) -> Facts:
    """What a summary is asked with: the report, and an empty cluster."""
    cluster = Topology(Snapshot(source=Source(kind="report", cluster="")))
    return Facts(topology=cluster, words=read(""), count=1, report=report, names=names)


def problems(text: str, report: str) -> list[str]:
    """Why a text is no summary of a report: each number that is not in it, as it was written."""
    if not text:
        return ["no text"]
    if len(text) > LONGEST:
        return [f"{len(text):,} characters, where {LONGEST:,} are the most"]
    return strange(text, report)
