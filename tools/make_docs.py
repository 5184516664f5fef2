"""Make the reference part of the documentation from the program itself, and the picture in the README.

What stands in ``docs/reference/`` is read off the tables and Structs that the program runs on: commands, settings, errors, kinds, rules,
scenarios, and the shapes of files and JSON. Nothing there is edited by hand; the sentences that no table holds are in this file.

    python tools/make_docs.py             write what is stale in docs/reference
    python tools/make_docs.py --images    the picture, too (needs rich)
    python tools/make_docs.py --check     write nothing; exit 1 and name the files that are stale
"""

import argparse
import inspect
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any, Literal

import click
import msgspec

from aichaos import diagnosis, errors, settings
from aichaos.ask.registry import Listed
from aichaos.cli.main import COMMANDS, cli
from aichaos.domain import backlog, catalogue, checked, experiment, gameday, kinds, prediction, progressive, suggestion
from aichaos.domain.base import Metadata
from aichaos.domain.snapshot import Gap, Snapshot, Source
from aichaos.files import yaml
from aichaos.library.finders import FINDERS
from aichaos.library.parameters import shown as in_words
from aichaos.library.shelf import scenarios
from aichaos.run import closed
from tools.gateways.pages import gateway_pages
from tools.rules_page import rules_page
from tools.schemas import gameday_schema, scenario_schema

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
GATEWAYS = ROOT / "docs" / "gateways"
RULES_PAGE = ROOT / "docs" / "rules.md"
SAFETY = ROOT / "docs" / "safety.md"
STOPS = ROOT / "docs" / "stops.md"
PICTURE = ROOT / "docs" / "images" / "suggest.svg"
PICTURED = 'aichaos suggest --from demo:route-chaos --count 1 \\\n    --scenario "test the resiliency of my HTTPRoutes configs"'
COLUMNS = 96
MADE = "<!-- Made by tools/make_docs.py; edit the program or that file, not this one. -->\n\n"

# --- the program on a terminal ------------------------------------------------------------------------------------------------------


def on_terminal(command: str, folder: Path, *, colour: bool = False) -> str:
    """What a person sees who types a command in a folder: both streams in their order, on a terminal of 96 columns.

    Nobody is there to answer questions, and no setting of this machine's user counts.
    """
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AICHAOS_", "ANTHROPIC_", "OPENAI_", "KUBE"))}
    dropped = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / ".config"), "PATH": path, "TERM": "xterm-256color"}
    environment = {name: value for name, value in mine.items() if name not in dropped} | home | ({} if colour else {"NO_COLOR": "1"})
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    with subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    ) as program:
        os.close(theirs)
        text = b"".join(_pieces(ours))
        os.close(ours)
        program.wait()
    return text.decode().replace("\r\n", "\n")


def _pieces(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other end is closed
            return
        if not piece:
            return
        yield piece


def picture() -> str:
    """The command of the README and its coloured output as an SVG that loads nothing from anywhere."""
    import io

    from rich.console import Console
    from rich.text import Text

    with tempfile.TemporaryDirectory() as folder:
        output = on_terminal(PICTURED, Path(folder), colour=True)
    paper = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True, color_system="standard")
    for line in f"\x1b[1m$ {PICTURED}\x1b[0m\n{output}".rstrip("\n").split("\n"):
        whole = Text.from_ansi(line)
        for piece in whole.divide(range(COLUMNS, len(whole), COLUMNS)):  # a terminal cuts a line where it ends
            paper.print(piece, no_wrap=True, overflow="ignore", crop=False)
    svg = paper.export_svg(title="aichaos suggest", unique_id="aichaos")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.split("\n"))


# --- words for types ----------------------------------------------------------------------------------------------------------------

_PLAIN = {str: "text", int: "integer", float: "number", bool: "true or false", type(None): "null", Any: "anything"}


def typed(annotation: Any, linked: bool = True) -> str:
    """A type in words; a Struct of ours as a link to its heading."""
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in (typing.Union, types.UnionType):
        words = [typed(part, linked) for part in parts]
        return " or ".join(word for word in words if not (word == "integer" and "number" in words))
    if origin in (list, tuple):
        return f"list of {typed(parts[0], linked)}"
    if origin is dict:
        return "object" if parts[1] is Any else f"mapping of names to {typed(parts[1], linked)}"
    name = annotation.__name__
    return f"[{name}](#{name.lower()})" if linked else str(name)


def structs_in(annotation: Any) -> Iterator[type[msgspec.Struct]]:
    if inspect.isclass(annotation) and issubclass(annotation, msgspec.Struct):
        yield annotation
    for part in typing.get_args(annotation):
        yield from structs_in(part)


def reachable(*roots: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """The Structs and all those in their fields, in the order in which a reader meets them."""
    found: dict[type[msgspec.Struct], None] = {}

    def visit(one: type[msgspec.Struct]) -> None:
        if one not in found:
            found[one] = None
            for field in msgspec.structs.fields(one):
                for inner in structs_in(field.type):
                    visit(inner)

    for root in roots:
        visit(root)
    return list(found)


def default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    return "" if value is None or value == [] or value == {} or isinstance(value, msgspec.Struct) or value == "" else f"`{value}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines) + "\n"


def plain(text: str | None) -> str:
    """A docstring for people who do not read Python."""
    told = re.sub(r"\s*Raises [^.]*\.", "", inspect.cleandoc(text or ""))
    for name, written in (("None", "null"), ("`max_pods`", "`maxPods`"), ("`max_share`", "`maxShare`")):
        told = told.replace(name, written)
    return told


def paragraph(text: str | None) -> str:
    return f"{plain(text)}\n\n" if text else ""


def console(command: str, folder: Path) -> str:
    return f"```console\n$ {command}\n{on_terminal(command, folder).rstrip()}\n```\n"


# --- the pages ----------------------------------------------------------------------------------------------------------------------


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
    9: "`run`, `progressive`, `gameday`: no data: nothing could have shown a failure",
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


_FIELDS: dict[str, dict[str, str]] = {
    "Experiment": {"apiVersion": "always `aichaos/v1`", "kind": "always `Experiment`", "metadata": "", "spec": ""},
    "ExperimentMetadata": {
        "name": "a DNS label of at most 63 characters; `suggest` names the file after it",
        "labels": "yours; nothing reads them",
        "annotations": "yours; nothing reads them",
    },
    "Spec": {
        "title": "one line",
        "steps": "what is done, in order",
        "category": "routing, capacity, network, latency, policy, dependency",
        "hypothesis": "one sentence that can turn out to be false",
        "rationale": "why here",
        "scope": "the limits: what may be touched at most",
        "deadline": "how long the whole may take, at most",
        "intends": "names of [rules](../rules.md) whose finding is the fault itself; such a finding is shown as `info`",
        "steadyState": "what should hold; what the experiment is judged by",
        "abort": "what must hold, or the experiment ends early",
        "metrics": "what to look at meanwhile",
        "remediation": "what to change if the hypothesis fails",
        "rollback": "what a person does by hand to undo it",
        "provenance": "where the experiment comes from; written by the program, not by a model",
    },
    "Scope": {
        "namespaces": "nothing outside them is touched",
        "maxPods": "how many pods may be harmed at most",
        "maxShare": "the same as a share of all pods of these namespaces, from 0 to 1",
    },
    "Probe": {
        "name": "what a `probe` step names",
        "http": "a request and the answer that is expected",
        "kubernetes": "a condition of an object",
        "prometheus": "a query and what its value should be",
        "tolerance": 'what still counts as holding: `success: ">= 99%"`, `p95: "<= 300ms"`, `recovery: "<= 60s"`',
        "slo": "the same as sentences: `99% of requests succeed`, `recreated within 60s`, `circuit breaker opens within 30s`",
        "rate": "questions a second, each sent when it is due; without it, what `run --interval` says",
        "failures": "in `abort`: how many failures in a row end it",
    },
    "HTTPProbe": {
        "url": "scheme, host, port and path, as a client would write them",
        "via": "who is asked: `gateway/NAMESPACE/NAME` or `service/NAMESPACE/NAME`",
        "method": "",
        "headers": "",
        "expect": "",
    },
    "Expectation": {
        "status": 'a status or a range, as text: `"200"`, `"200-499"`',
        "backend": "the Service that should answer, `NAMESPACE/NAME`",
        "body": "",
        "header": "",
    },
    "KubernetesProbe": {"object": "`Kind/NAMESPACE/NAME`", "condition": "the type of a status condition that should be True"},
    "PrometheusProbe": {
        "query": "PromQL",
        "expect": 'a comparison, as text: `"< 0.01"`',
        "over": "every value of that stretch up to now has to be so (a range query); without it, the value now",
    },
    "Step": {
        "name": "what the step is for, in a few words",
        "create": "a manifest that is created",
        "apply": "a manifest that is applied",
        "delete": "an object that is deleted",
        "recreate": "an object that an earlier step deleted, brought back as it was",
        "patch": "an object and an RFC 7386 merge patch",
        "label": "an object and its labels: some set, some removed",
        "scale": "a workload and its number of replicas",
        "restart": "a workload whose pods are replaced",
        "chaos": "an object of a chaos engine, with its own end",
        "hold": "only beside `chaos`: how long it stays before it is removed",
        "wait": "a time, or until a condition holds",
        "probe": "the name of an entry of `steadyState` to look at",
    },
    "Target": {"kind": "", "name": "", "namespace": ""},
    "Patch": {"kind": "", "name": "", "namespace": "", "merge": "what is merged into the object"},
    "Label": {"kind": "", "name": "", "namespace": "", "set": "keys and values", "remove": "keys"},
    "Scale": {"kind": "", "name": "", "namespace": "", "replicas": "zero or more"},
    "Wait": {"for": "a time", "until": "a condition of an object", "timeout": "how long `until` is waited for; required with it"},
    "Until": {"object": "`Kind/NAMESPACE/NAME`", "condition": "the type of a status condition that should be True"},
    "Metric": {"name": "what it shows", "query": "PromQL"},
    "Provenance": {
        "backend": "who answered",
        "model": "the model that was asked; absent where none was",
        "prompt": "the template and its version, as in `experiment@1`",
        "snapshot": "the digest of the cluster that it was made for",
        "words": "what the user had asked, the first 500 characters",
    },
}


def schema() -> dict[str, Any]:
    """The JSON Schema of an experiment: that of the Structs, and what their constructors check beyond types."""
    made: dict[str, Any] = msgspec.json.schema(experiment.Experiment)
    found = made["$defs"]
    top = found["Experiment"]
    top["required"] = ["apiVersion", "kind", "metadata", "spec"]
    top["properties"]["apiVersion"] = {"const": experiment.API_VERSION}
    top["properties"]["kind"] = {"const": "Experiment"}
    found["Step"]["oneOf"] = [{"required": [verb]} for verb in experiment.VERBS]
    found["Step"]["dependentRequired"] = {"hold": ["chaos"]}
    found["Probe"]["oneOf"] = [{"required": [kind]} for kind in ("http", "kubernetes", "prometheus")]
    for part in found.values():
        if "description" in part:
            part["description"] = plain(part["description"])
    for name, described in _FIELDS.items():
        for field, about in described.items():
            if about and "const" not in found[name]["properties"][field]:
                found[name]["properties"][field]["description"] = re.sub(r"\[(\w+)\]\(.*?\)", r"\1", about)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "aichaos Experiment"} | made


def experiment_page() -> str:
    shown = [
        f"""# The experiment file

{MADE}One YAML document that says what is done to a cluster, what should hold meanwhile, and how it ends. `aichaos suggest` writes it,
`aichaos check` reads it, and a person may write or edit it. Its JSON Schema is [experiment.schema.json](experiment.schema.json); an editor
with a YAML language server uses it if the file begins with

```yaml
# yaml-language-server: $schema=…/experiment.schema.json
```

A field that is not in these tables is an error. Durations are Go durations: `90s`, `1m30s`, `500ms`.
The verbs of a step are a closed set: {", ".join(f"`{verb}`" for verb in experiment.VERBS)}. A step has exactly one. None runs a command.
"""
    ]
    for one in reachable(experiment.Experiment):
        described = _FIELDS[one.__name__]
        fields = msgspec.structs.fields(one)
        assert {field.encode_name for field in fields} == described.keys(), f"_FIELDS does not fit {one.__name__}"
        rows = [[f"`{field.encode_name}`", _given(field), default(field), described[field.encode_name]] for field in fields]
        shown.append(f"## {one.__name__}\n\n{paragraph(_own_doc(one))}{table(['Field', 'Type', 'Default', 'What it is'], rows)}")
    return "\n".join(shown) + f"\n## An example\n\nFrom the bundled cluster `demo:route-chaos`:\n\n```yaml\n{example()}```\n"


def _given(field: msgspec.structs.FieldInfo) -> str:
    """The type as it is written in a file, where leaving out is how one says null."""
    return typed(field.type).removesuffix(" or null")


def _own_doc(one: type) -> str | None:
    """The docstring of the class itself, not that of its base."""
    return one.__dict__.get("__doc__")


def example() -> str:
    with tempfile.TemporaryDirectory() as folder:
        on_terminal(PICTURED, Path(folder))
        return (Path(folder) / "chaos" / "route-conflict-my-route.yaml").read_text(encoding="utf-8")


def snapshot_page() -> str:
    rows = []
    for kind in kinds.KINDS:
        versions = ", ".join(kind.api_version(version) for version in kind.versions)
        rows.append([kind.name, f"`{versions}`", f"`{kind.field}`", "" if kind.namespaced else "cluster", "yes" if kind.optional else ""])
    rows.append(["Secret", "`v1`", "`secrets`", "", ""])
    kept = "\n".join(f"{kind.name}\n{_outline(kind.type)}\n" for kind in kinds.KINDS)
    top = [
        ["`kind`, `apiVersion`", "`Snapshot`, `aichaos/v1`"],
        ["`source`", (_own_doc(Source) or "").replace("\n", " ")],
        ["`versions`", "the API version that a kind was read in, where it is not the first of the table above"],
        ["`gaps`", (_own_doc(Gap) or "").replace("\n", " ")],
        ["`engines`", "chaos engines that are installed: Chaos Mesh, Litmus; their versions and kinds"],
        ["`others`", "objects of other kinds in files: kind, namespace and name, no more"],
        ["the fields of the table above", "the objects, in the order of namespace and name"],
    ]
    assert {"source", "versions", "gaps", "engines", "others"} < {field.name for field in msgspec.structs.fields(Snapshot)}
    return f"""# The snapshot

{MADE}A cluster as it was seen at one moment. `aichaos snapshot FILE` saves it as JSON. The kinds below are read, in the first version of
the list that the server offers, and no others. An optional kind that the server does not have is no problem; a kind that could not be
read stands in `gaps`, and checks that need it are skipped, not passed.

{table(["Kind", "API versions", "Field", "Scope", "Optional"], rows)}
Of a live cluster only those Secrets are looked at that a listener's certificate names. The server is asked for a table without the
object, so their data is never sent. Of files, every Secret's name and type is kept and its data is dropped.

The rest of the file:

{table(["Field", "What it holds"], top)}
## What is kept of each object

Fields that are not listed here are dropped while reading. Every object has `metadata` with
{", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(Metadata))}; kinds that experiments delete and recreate also have
`annotations`, as the list shows. `{{…}}` is an object that is kept as it is.

```text
{kept.rstrip()}

Secret
  type
```
"""


def _outline(kind: type[msgspec.Struct]) -> str:
    lines = []
    for field in msgspec.structs.fields(kind):
        if field.name == "metadata":
            extra = [f.encode_name for f in msgspec.structs.fields(typing.cast(Any, field.type)) if f not in _METADATA]
            lines += [f"  metadata.{name}" for name in extra if name == "annotations"]
        else:
            lines.append(f"  {field.encode_name}{_inside(field.type)}")
    return "\n".join(lines) or "  (metadata only)"


_METADATA = msgspec.structs.fields(Metadata)


def _inside(annotation: Any) -> str:
    """What is inside a field: `{a, b}`, `[{a}]`, or nothing for a plain value."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if inspect.isclass(annotation) and issubclass(annotation, msgspec.Struct):
        return " {" + ", ".join(f"{field.encode_name}{_inside(field.type)}" for field in msgspec.structs.fields(annotation)) + "}"
    if origin is list:
        inner = _inside(parts[0]).strip()
        return f" [{inner}]" if inner else " []"
    if origin is dict:
        return " {…}"
    for part in parts:
        if part is not type(None) and (shown := _inside(part)):
            return shown
    return ""


def role() -> str:
    """A ClusterRole with which every kind of a snapshot can be read, and nothing changed."""
    groups: dict[str, list[str]] = {}
    for kind in kinds.KINDS:
        groups.setdefault(kind.group, []).append(kind.plural)
    rules = [{"apiGroups": [group], "resources": plurals, "verbs": ["get", "list"]} for group, plurals in groups.items()]
    rules.append({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get"]})
    what = "the kinds that a snapshot holds, and the Lease for `aichaos runs --cluster`"
    head = f"# Made by tools/make_docs.py from {what}. Reading only; no Secrets.\n"
    manifest = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "aichaos-read"}, "rules": rules}
    return head + yaml.dump(manifest)


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


_CHECK_DEMO = """apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: beta, namespace: route-chaos}
spec:
  parentRefs: [{name: my-gateway}]
  rules:
  - backendRefs: [{name: infra-backend-v9, port: 8080}]
"""


def json_page() -> str:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "beta.yaml").write_text(_CHECK_DEMO, encoding="utf-8")
        reviewed = console("aichaos check beta.yaml --from demo:route-chaos -o json", Path(folder))
        summary = console("aichaos snapshot --from demo:route-chaos -o json", Path(folder))
        configured = console("aichaos config -o json | head -n 12", Path(folder))
        routed = console("aichaos route GET http://lior.example.com/shop --from demo:route-chaos -o json", Path(folder))
    roots: tuple[type[msgspec.Struct], ...] = (suggestion.Suggestions, prediction.Answer)
    roots += (catalogue.Catalogue, catalogue.Rendered, catalogue.Tried, gameday.Debrief, progressive.Course, backlog.Backlog)
    shown = dict.fromkeys(one for root in roots for one in reachable(root))
    shapes = "\n".join(_shape(one) for one in shown)
    return f"""# JSON

{MADE}`-o json` writes one JSON document to standard output and nothing else; notes and progress go to standard error. A reader
should ignore fields that it does not know: later versions may add some.

## `aichaos suggest -o json`

A [Suggestions](#suggestions) object.

## `aichaos check -o json`

`documents` is how many were looked at (items of a List count one by one); `findings` is a list of [Finding](#finding); `summary` counts
them by severity. With `--fix` and `--diff` also `fixed`, the findings that corrections end, and `left`, a list of [Left](#left); where a
comment or a baseline hides something, `hidden`, a list of [Quiet](#quiet). `-o sarif`, `-o junit` and `-o github` are forms of others.

{reviewed}
## `aichaos route -o json`

An [Answer](#answer). With `--requests` one Answer a line, or `{{"error": text}}` for a line that can't be read.

{routed}
## `aichaos snapshot -o json`

A [SourceSummary](#sourcesummary): a summary, not the snapshot. The snapshot itself is the file, see [snapshot.md](snapshot.md).

{summary}
## `aichaos config -o json`

`settings` is a list of [Effective](#effective); `project_file` and `user_file` are where settings files are looked for.

{configured}
## `aichaos backends -o json`

`backends` is a list of [Listed](#listed); `used` is the name of the one that would be used; `chosen_by` says what chose it.

## `aichaos doctor -o json`

`answers` is a list of [Answer](#answer).

## `aichaos library -o json`

`list` and `search`: a [Catalogue](#catalogue). `show`: an [Entry](#entry). `render`: a [Rendered](#rendered). `check`: a [Tried](#tried).

## `aichaos gameday -o json`

One event a line: those of each run, and between them `gameday-scenario` (`number`, `of`, `name`) and `gameday-gate` (`gate`, `opened`,
`why`). The last one is `gameday-finished` with `code`, the exit code, and `debrief`, a path.
`gameday debrief -o json`: a [Debrief](#debrief).

## `aichaos backlog -o json`

A [Backlog](#backlog).

## `aichaos progressive -o json`

One event a line: before each run `progressive-stage` (`knob`, `value`, `repeat`, `of`), then those of the run. The last one is
`progressive-finished`, with the fields of a [Course](#course).

## Shapes

{shapes}
{_shape(settings.Effective)}
{_shape(Listed)}
{_shape(checked.Left)}
{_shape(checked.Quiet)}
{_shape(diagnosis.Answer)}"""


def _shape(one: type[msgspec.Struct]) -> str:
    rows = ([f"`{field.encode_name}`", typed(field.type)] for field in msgspec.structs.fields(one))
    return f"### {one.__name__}\n\n{paragraph(_own_doc(one))}{table(['Field', 'Type'], rows)}"


def _closed_lists() -> str:
    """What a run may change, as `run/closed.py` has it."""
    names = (("the network", closed.NETWORK), ("workloads", closed.WORKLOADS))
    rows = [[what, ", ".join(f"`{kind}`" for kinds in groups.values() for kind in kinds)] for what, groups in names]
    rows += [["configuration", "`ConfigMap`: made, changed, never deleted but by the run that made it"]]
    rows += [["chaos engines", "all kinds of Chaos Mesh and Litmus but those below"]]
    never = ", ".join(f"`{kind}`" for kind in (*closed.NEVER, *closed.CLOUD, *closed.INTERNAL))
    return table(["", "Kinds that a step may touch"], rows) + f"\nNever: {never}; anything else; anything without a namespace.\n"


def safety_page() -> str:
    """docs/safety.md with its two generated parts: the kinds that a run may touch, and how fast stops are (from docs/stops.md)."""
    text = SAFETY.read_text(encoding="utf-8")
    measured = STOPS.read_text(encoding="utf-8").partition("\n\n")[2]
    for name, part in (("closed", _closed_lists()), ("stops", measured)):
        head, begin, rest = text.partition(f"<!-- {name}: made by tools/make_docs.py -->\n")
        _, end, tail = rest.partition(f"<!-- /{name} -->\n")
        if not (begin and end):
            raise SystemExit(f"docs/safety.md has lost its marks of {name!r}")
        text = f"{head}{begin}\n{part.strip()}\n\n{end}{tail}"
    return text


def pages() -> dict[Path, str]:
    """Every generated file with what should stand in it."""
    found = {
        "cli.md": cli_page(),
        "settings.md": settings_page(),
        "errors.md": errors_page(),
        "experiment.schema.json": json.dumps(schema(), indent=2, ensure_ascii=False) + "\n",
        "experiment.md": experiment_page(),
        "snapshot.md": snapshot_page(),
        "read-only-role.yaml": role(),
        "scenarios.md": scenarios_page(),
        "gameday.schema.json": json.dumps(gameday_schema(), indent=2, ensure_ascii=False) + "\n",
        "scenario.schema.json": json.dumps(scenario_schema(), indent=2, ensure_ascii=False) + "\n",
        "json.md": json_page(),
    }
    gateways = {GATEWAYS / name: text for name, text in gateway_pages(MADE).items()}
    return {REFERENCE / name: text for name, text in found.items()} | gateways | {RULES_PAGE: rules_page(MADE), SAFETY: safety_page()}


def stale(wanted: dict[Path, str]) -> list[Path]:
    """Files that differ from what they should hold, and files in the generated folders that nothing makes."""
    wrong = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return sorted([*wrong, *(path for folder in (REFERENCE, GATEWAYS) for path in folder.glob("*") if path not in wanted)])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="make the reference documentation from the program")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    parser.add_argument("--images", action="store_true", help="the picture in the README, too (needs rich)")
    given = parser.parse_args(arguments)
    wanted = pages() | ({PICTURE: picture()} if given.images else {})
    wrong = stale(wanted)
    for path in wrong:
        print(f"{'stale' if given.check else 'written'}: {path.relative_to(ROOT)}")
        if not given.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8", newline="\n") if path in wanted else path.unlink()
    return 1 if given.check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
