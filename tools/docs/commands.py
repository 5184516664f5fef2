"""The pages about commands, settings, exit codes and errors."""

import inspect
import typing

import click

from aichaos import errors, settings
from aichaos.cli.main import COMMANDS, cli
from tools.docs.places import MADE
from tools.docs.words import table


def cli_page() -> str:
    context = click.Context(cli, info_name="aichaos")
    shown = [f"# Commands\n\n{MADE}Every command takes `-h` and `--help`. `aichaos --version` shows the version.\n"]
    shown.append(table(["Command", "What it does"], ([f"[`aichaos {name}`](#aichaos-{name})", about] for name, about in COMMANDS.items())))
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        shown.append(_command(name, command, context))
    return "\n".join(shown)


def _command(name: str, command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    usage = command.get_usage(context).removeprefix("Usage: ")
    rows = []
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and "--help" not in parameter.opts:
            value = f" {parameter.make_metavar(context)}" if not parameter.is_flag else ""
            several = " May be repeated." if parameter.multiple and "repeated" not in (parameter.help or "") else ""
            preset = f" Default: `{parameter.default}`." if parameter.show_default else ""
            rows.append([f"`{', '.join(sorted(parameter.opts, key=len))}{value}`", f"{parameter.help}{several}{preset}"])
    options = table(["Option", "What it does"], rows) if rows else ""
    inner = command.commands.items() if isinstance(command, click.Group) else ()
    below = "".join(f"\n{_command(f'{name} {each}', one, context)}" for each, one in inner)
    return f"{'##' if ' ' not in name else '###'} aichaos {name}\n\n```text\n{usage}\n```\n\n{_help(command.help or '')}\n{options}{below}"


def _help(text: str) -> str:
    """click's help as Markdown: a paragraph after ``\\b`` keeps its lines."""
    shown = []
    for part in inspect.cleandoc(text).split("\n\n"):
        lines = part.strip("\n").split("\n")
        shown.append("```text\n" + "\n".join(lines[1:]) + "\n```" if lines[0] == "\b" else part)
    return "\n\n".join(shown) + "\n"


def settings_page() -> str:
    flags = {
        parameter.name: parameter.opts
        for name in COMMANDS
        for parameter in typing.cast(click.Command, cli.get_command(click.Context(cli), name)).params
        if isinstance(parameter, click.Option)
    }
    rows = []
    for setting in settings.SETTINGS:
        flag = flags.get("origin" if setting.name == "from" else setting.name)
        value = "" if setting.default is None else f"`{setting.default}`"
        rows.append([f"`{setting.name}`", f"`{flag[-1]}`" if flag else "", f"`{setting.variable}`", value, setting.about])
    return f"""# Settings

{MADE}A flag wins over the environment, that over `{settings.PROJECT_FILE}` in the current folder, that over your own file
(`~/.config/aichaos/config.yaml`, or under `XDG_CONFIG_HOME`), that over the default. `aichaos config` shows the values as they are now,
and where each one came from.

{table(["Name in files", "Flag", "Variable", "Default", "What it is"], rows)}
A settings file is a mapping of these names to values. A name that is not in the table is an error, never ignored.

```yaml
backend: anthropic
timeout: 120
```

Keys are never read from a settings file. A backend reads its key from its own variable: `ANTHROPIC_API_KEY` for `anthropic`.

Other variables: `NO_COLOR` (any value: no colour), `COLUMNS` (width of the text, in a pipe as well), `AICHAOS_DEBUG` (any value: a bug in
aichaos is shown with its traceback).
"""


_CODES = {
    0: "done",
    1: "something failed: the cluster can't be reached, a file can't be read; `doctor`: something that is needed is missing",
    2: "wrong use: an option, a setting or a backend's name that can't be meant",
    3: "`run`, `progressive`, `gameday`: a hypothesis did not hold; everything is restored",
    4: "`check`: errors were found (with `--strict` also warnings and skipped checks); `suggest`: every suggestion was rejected",
    5: "`run`: the guard refused to start; nothing was changed in the cluster",
    6: "the model's backend failed",
    7: "`run`, `progressive`, `gameday`: it ended early (stopped, aborted, a step failed); all is restored, and that is verified",
    8: "`run`, `progressive`, `gameday`, `recover`: something is NOT restored; what, and the commands that undo it, are printed",
    9: "`run`, `progressive`, `gameday`: no data: nothing could have shown a failure, or part of what was promised could not be measured",
    130: "interrupted with Ctrl-C; nothing was changed in the cluster",
}


def errors_page() -> str:
    tree = (inspect.getdoc(errors) or "").split("\n\n")[1]
    codes = {error.exit_code for error in vars(errors).values() if inspect.isclass(error) and issubclass(error, errors.AichaosError)}
    missing = codes - _CODES.keys()
    assert not missing, f"tell _CODES what the exit codes {missing} mean"
    return f"""# Exit codes and errors

{MADE}{table(["Code", "Meaning"], ([str(code), about] for code, about in _CODES.items()))}
An error is one line on standard error, and below it one line that says what to do next. Standard output stays empty, so that a script
that reads JSON never reads an error.

The errors by name (the number is the exit code):

```text
{inspect.cleandoc(tree)}
```

A line that begins with `note:` is no error: it says what could not be seen or checked, and does not change the exit code.
"""
