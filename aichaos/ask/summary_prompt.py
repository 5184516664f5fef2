"""The prompt for a summary: the report of a run behind the veil, and what of an answer was not in it."""

from aichaos.ask.prompting import filled, template
from aichaos.ask.protocol import Attempt, Facts, Kind, Prompt, Turn
from aichaos.ask.tokens import shortened, tokens
from aichaos.ask.veil import Veil
from aichaos.errors import UsageError

_SMALLEST_ROOM = 400
_MOST_TOLD = 20
"""Numbers that a model is told of at most when it is asked again."""


def render(kind: Kind, facts: Facts, *, budget: int, veil: Veil) -> Prompt:
    """The prompt for a report. Raises UsageError where the budget has no room for one."""
    version = template(kind)[2]
    bare = sum(map(tokens, filled(kind, {"report": "", "notes": []})))
    mending = _mending(facts.attempt, budget // 4, veil) if facts.attempt else []
    room = budget - bare - sum(tokens(turn.text) for turn in mending) - 50
    if room < _SMALLEST_ROOM:
        raise UsageError(f"a prompt of {budget:,} tokens has no room for a report", hint="Allow longer prompts with --budget.")
    hidden = "\n".join(veil.hide(line) for line in facts.report.splitlines())
    report = shortened(hidden, room)
    notes = [f"only the first {len(report):,} of {len(hidden):,} characters of the report are shown"] if report != hidden else []
    system, text = filled(kind, {"report": report.strip(), "notes": notes})
    if mending:
        version = f"{version}+{template('summary-again')[2]}"
    return Prompt(system=system, turns=(Turn(role="user", text=text), *mending), version=version, notes=tuple(notes))


def _mending(attempt: Attempt, room: int, veil: Veil) -> list[Turn]:
    told = [veil.hide(one.message) for one in attempt.findings[:_MOST_TOLD]]
    _, text = filled("summary-again", {"findings": told})
    return [Turn(role="assistant", text=shortened(veil.hide(attempt.text), room).strip() or "(no text)"), Turn(role="user", text=text)]
