"""The program's entrance: finds the command, and turns every failure into one clear line and the promised exit code.

A command's module is imported when it is called. `--help` knows the commands by this table, so that it costs no more than click.
"""

import importlib
import io
import os
import sys
from typing import Any

import click

from aichaos import __version__
from aichaos.errors import AichaosError, UsageError

COMMANDS = {
    "suggest": "Ideas for chaos on this cluster, each with its checked experiment.",
    "refine": "Change an experiment in words, and see the difference.",
    "chat": "Ask, change, check and save in one conversation.",
    "check": "Review YAML: references and selectors resolved against a cluster.",
    "route": "Which route and backend would serve a request, and why.",
    "eval": "Put a suite of questions to a backend, and score its answers.",
    "predict": "What an experiment will do, before it does it.",
    "run": "Run an experiment under the guard, and put everything back.",
    "approve": "Write an approval for a run elsewhere.",
    "progressive": "One experiment in growing stages, and how much is borne.",
    "gameday": "Several experiments in order, with gates, notes and a debrief.",
    "stop": "Stop a run, or all of them.",
    "export": "An experiment in the form of another tool.",
    "recover": "Finish the restore of a run whose process died.",
    "runs": "Past runs of this machine, and the one that is active in the cluster.",
    "serve": "Runs, live progress, reports and the stop button in a browser.",
    "report": "What came of a run: figures, verdict, score, prediction beside observation.",
    "backlog": "What to improve, from what runs have shown.",
    "document": "The hypothesis document or the runbook of an experiment.",
    "library": "The experiments that come with the program, and your own.",
    "snapshot": "Save what was observed, to work on it elsewhere.",
    "backends": "Which model backends exist, and which would be used.",
    "config": "The effective settings, and where each came from.",
    "doctor": "What is missing here, and what to do about it.",
}

_MODULES = {"eval": "evaluate"}
"""Modules that are not called as their command: `eval` is a name of Python's."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = _MODULES.get(cmd_name, cmd_name)
        command: click.Command = importlib.import_module(f"aichaos.cli.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise UsageError(f"no command is called {args[0]!r}", hint=f"The commands are {', '.join(COMMANDS)}.")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Ask for Kubernetes network chaos in words; get experiments that were checked against your own cluster.

    \b
    Try it without a cluster:
      aichaos suggest --from demo:route-chaos --scenario "3 chaos tests for my HTTPRoutes"
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the program and leave it with the promised exit code."""
    if sys.stderr is None:  # closed by who started us: what is said there is for nobody
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  for as long as we live
    if sys.stdout is None:
        _say("cannot write the answer: standard output is closed", "Leave it open, or send it to a file.")
        os._exit(1)
    _speak()
    given = sys.argv[1:] if arguments is None else arguments
    _tell_of_unfinished(given)
    code = run(given)
    # Not sys.exit: it would wait for threads that still hang on a slow server after Ctrl-C.
    _flush()
    os._exit(code)


def _speak() -> None:
    """A letter that a terminal does not know is written otherwise, and ends nothing; files and pipes are UTF-8, as JSON and HTML are."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def run(arguments: list[str]) -> int:
    """Run one command; the exit code. A bug in aichaos leaves this function as an exception with AICHAOS_DEBUG, else as one line."""
    try:
        result: Any = cli.main(args=arguments, prog_name=_program(), standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else _program()
        _say(error.format_message(), f"See `{where} --help`.")
        return error.exit_code
    except click.ClickException as error:
        _say(error.format_message())
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted; nothing was changed in the cluster")
        return 130
    except AichaosError as error:
        _say(str(error), error.hint)
        return error.exit_code
    except BrokenPipeError:
        _silence_stdout()
        return 0
    except OSError as error:
        _silence_stdout()
        _say(f"cannot write the answer: {error.strerror or error}", "Is the disk full, or standard output closed?")
        return 1
    except Exception as error:
        if os.environ.get("AICHAOS_DEBUG"):
            raise
        _say(
            f"a bug in aichaos: {type(error).__name__}: {error}",
            "Please report it with the output of the same command under AICHAOS_DEBUG=1.",
        )
        return 1
    return result if isinstance(result, int) else 0


def _tell_of_unfinished(arguments: list[str]) -> None:
    """A run that nobody restored is said at every command, until it is."""
    if "recover" in arguments or "_AICHAOS_COMPLETE" in os.environ:
        return
    from aichaos.run import state

    for name in state.unfinished():
        series = state.series(name).is_dir()
        told = f"the series {name} was not ended, and keeps other runs out" if series else f"run {name} has not been restored"
        why = "something could not be put back" if not series and state.given_up(name) else "its process died"
        _say(f"{told}: {why}", f"aichaos recover {name}")


def _program() -> str:
    name = os.path.basename(sys.argv[0])
    return "kubectl aichaos" if name.startswith("kubectl-") else "aichaos"


def _say(message: str, hint: str = "") -> None:
    from aichaos.report.clean import clean

    lines = [f"aichaos: {clean(message).replace(chr(10), ' ')}"] + ([f"  {clean(hint)}"] if hint else [])
    try:
        print("\n".join(lines), file=sys.stderr, flush=True)
    except OSError:
        return  # nobody is left to tell


def _silence_stdout() -> None:
    """What could not be written must not fail a second time when the interpreter closes its files."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue  # reported by run(), or nobody is there to read it
