"""What the commands that ask a backend share: their options, the backend that they open, how they ask."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from aichaos import settings
from aichaos.ask.cache import folder
from aichaos.ask.conversation import SMALLEST_BUDGET, Manner
from aichaos.ask.protocol import Backend, Options, Prompt
from aichaos.ask.registry import default_model, known_names, open_backend
from aichaos.cli.options import own_library, say, warn, write_json
from aichaos.domain.suggestion import Usage
from aichaos.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])
MOST_REPAIRS = 10


def _backends(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in known_names() if name.startswith(incomplete)]


def asking_options(command: F) -> F:
    """--backend, --model, --base-url, --timeout, --budget, --repairs, --anonymize, --no-cache."""
    for option in reversed(
        (
            click.option(
                "--backend",
                metavar="NAME",
                shell_complete=_backends,
                help="Who answers: playbook (offline, the default), anthropic, …; see `aichaos backends`.",
            ),
            click.option("--model", metavar="NAME", help="The backend's model."),
            click.option("--base-url", metavar="URL", help="The backend's address."),
            click.option("--timeout", type=float, metavar="SECONDS", help="How long one answer of the backend may take."),
            click.option("--budget", type=int, metavar="TOKENS", help="How long a prompt may be, by our estimate (default: 30000)."),
            click.option("--repairs", type=int, metavar="N", help="How often a model is asked to mend an answer with errors (default: 2)."),
            click.option("--anonymize", is_flag=True, default=None, help="Replace all names and addresses before anything leaves."),
            click.option("--no-cache", is_flag=True, help="Ask again, even what was answered before."),
        )
    ):
        command = option(command)
    return command


def opened(effective: settings.Settings) -> Backend:
    """The backend that the settings name; said aloud where data will leave and no flag said so."""
    backend = open_backend(effective["backend"], options(effective))
    if backend.remote and effective.origin("backend") != "flag":
        say(f"{backend.name} was chosen by {effective.origin('backend')}: what is shown of the cluster leaves this machine")
    return backend


def options(effective: settings.Settings) -> Options:
    return Options(
        model=effective["model"], base_url=effective["base_url"], timeout=effective["timeout"], library=own_library(effective["library"])
    )


def manner(effective: settings.Settings, *, no_cache: bool) -> Manner:
    """How questions are put. Raises UsageError for what can't be meant."""
    budget, repairs = effective["budget"], effective["repairs"]
    if budget < SMALLEST_BUDGET:
        raise UsageError(
            f"a budget of {budget} tokens is too small: a prompt needs {SMALLEST_BUDGET:,}", hint="Leave out --budget for 30,000."
        )
    if not 0 <= repairs <= MOST_REPAIRS:
        raise UsageError(f"--repairs must be between 0 and {MOST_REPAIRS}, not {repairs}", hint="Leave it out for two.")
    return Manner(
        budget=budget,
        anonymize=effective["anonymize"],
        repairs=repairs,
        cache=folder() if effective["cache"] and not no_cache else None,
        settings=f"{effective['base_url']}",
        watch=_Ticker() if sys.stderr.isatty() else _unseen,
    )


def _unseen(piece: str) -> None:
    """Progress that nobody watches."""


class _Ticker:
    """How many characters of an answer have come: one line of a terminal that is written over."""

    def __init__(self) -> None:
        self._came = 0
        self._told = 0

    def __call__(self, piece: str) -> None:
        self._came += len(piece)
        if self._came - self._told >= 400:
            self._told = self._came
            sys.stderr.write(f"\r· {self._came:,} characters have come\r")  # at once: what is said after an interrupt begins a line
            sys.stderr.flush()


def show_prompt(prompt: Prompt, effective: settings.Settings, output: str) -> None:
    """Print exactly what would be sent first; nothing is sent."""
    name = effective["backend"]
    model = effective["model"] or default_model(name)
    if output == "json":
        turns = [{"role": turn.role, "content": turn.text} for turn in prompt.turns]
        write_json({"backend": name, "model": model, "prompt": prompt.version, "system": prompt.system, "messages": turns})
    else:
        from aichaos.report.clean import clean

        sys.stdout.write(clean(f"{prompt.system}\n\n" + "\n\n".join(turn.text for turn in prompt.turns)))
    sys.stdout.flush()
    who = (
        "playbook asks no model; this is what one would be sent"
        if name == "playbook"
        else f"this is what {name}{f' ({model})' if model else ''} would be sent"
    )
    print(f"note: {who} ({prompt.version}); nothing was sent", file=sys.stderr)
    for note in prompt.notes:
        print(f"note: {note}", file=sys.stderr)
    if prompt.version.startswith("ideas"):
        print("note: then one question for each idea, which can't be shown before there are ideas", file=sys.stderr)


def spent(usage: Usage) -> None:
    """What a model was asked for and what it cost, on standard error; nothing where no model was asked."""
    if not usage.calls or (usage.cost_usd == 0.0 and not usage.input_tokens):
        return
    calls = f"{usage.calls} {'call' if usage.calls == 1 else 'calls'}"
    tokens = f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out" if usage.input_tokens else "tokens not counted"
    cost = f"{usage.cost_usd:.4f} $" if usage.cost_usd is not None else "cost not known"
    warn([f"{' '.join(part for part in (usage.name, usage.model) if part)}: {calls}, {tokens}, {cost}"])
