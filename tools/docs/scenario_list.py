"""The page of the scenarios."""

import inspect
from typing import Any

from aichaos.domain import experiment
from aichaos.library.finders import FINDERS
from aichaos.library.parameters import shown as in_words
from aichaos.library.shelf import scenarios
from tools.docs.places import MADE
from tools.docs.words import table


def scenarios_page() -> str:
    shown = [
        f"""# Scenarios of the library

{MADE}What `aichaos library` lists, and the backend `playbook` chooses from. A scenario is only proposed where its finder finds an object of
your cluster that it fits.
`${{…}}` is filled with what was found. How to write one: [write-a-scenario.md](../howto/write-a-scenario.md).
"""
    ]
    for one in scenarios():
        finder = (inspect.getdoc(FINDERS[one.find]) or "").split("\n\n")[0].replace("\n", " ")
        told = ", ".join(f"{name} {in_words(setting, setting.default)}" for name, setting in one.settable.items())
        rows = [
            ["Proposed for", finder],
            ["Words that ask for it", ", ".join(one.keywords)],
            *([["What may be set, with defaults", told]] if told else []),
            *([["Tags", ", ".join(one.tags)]] if one.tags else []),
            ["Hypothesis", f"`{one.experiment['spec']['hypothesis']}`"],
            ["Steps", ", ".join(_verb(step) for step in one.experiment["spec"]["steps"])],
        ]
        shown.append(f"## {one.name}: `{one.title}`\n\n`{one.summary.strip()}`\n\n{table(['', ''], rows)}")
    return "\n".join(shown)


def _verb(step: dict[str, Any] | str) -> str:
    if isinstance(step, str):
        return f"`{step}` (a step for each)"
    verb = next(name for name in experiment.VERBS if name in step)
    kind = step[verb].get("kind", "") if isinstance(step[verb], dict) else ""
    return f"{verb} {kind}".strip()
