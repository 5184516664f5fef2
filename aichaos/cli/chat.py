"""`aichaos chat`: ask, change, check and save in one conversation.

Lines are read with the standard library's `readline` (history, editing, completion): it is there wherever Python is, costs nothing where
nobody types, and where it is missing, on a dumb terminal or in a pipe, plain lines do the same.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import msgspec

from aichaos import pipeline, saving, settings
from aichaos.ask import session as sessions
from aichaos.ask.protocol import Backend
from aichaos.ask.redact import without_secrets
from aichaos.ask.session import Session, intent
from aichaos.ask.wishes import one_scenario
from aichaos.ask.words import read
from aichaos.assess import Foresight
from aichaos.check.decode import experiment_of
from aichaos.check.experiment import findings as check_experiment
from aichaos.cli.asking import asking_options, manner, opened
from aichaos.cli.options import choice, say, source_options, warn
from aichaos.cli.refine import show as show_refinement
from aichaos.domain.experiment import Experiment, to_document
from aichaos.domain.finding import summary
from aichaos.domain.suggestion import Suggestion
from aichaos.errors import AichaosError, ReplyError, UsageError
from aichaos.library.knobs import knobs
from aichaos.observe.topology import Topology
from aichaos.report import prediction, terminal
from aichaos.report.clean import clean
from aichaos.report.layout import Paper

HELP = {
    "TEXT": "ideas, a change of the current one, or “YAMLs and kubectl commands for scenario 1”",
    "/ideas TEXT": "new ideas, whatever the text looks like",
    "/refine TEXT": "change the current experiment",
    "/list": "what has been suggested",
    "/use N": "make scenario N the current one",
    "/show [N]": "all of a scenario",
    "/yaml [N]": "its manifests",
    "/commands [N]": "its kubectl lines",
    "/explain [N]": "what the checks said in each round",
    "/check [N]": "check its file against the cluster, as it is in the file now",
    "/predict [N]": "what it will do, before it does it",
    "/run [N]": "run it",
    "/reload": "read the cluster again",
    "/save [FILE]": "save the conversation; go on with `aichaos chat --resume FILE`",
    "/help": "this",
    "/quit": "leave (or Ctrl-D)",
}


@click.command("chat")
@source_options
@asking_options
@click.option("--out", metavar="FOLDER", type=click.Path(readable=False), help="Where suggestions are saved (default: ./chaos).")
@click.option("--resume", metavar="FILE", type=click.Path(readable=False), help="Go on with a saved conversation.")
def command(**given: Any) -> int:
    """Ask, change, check and save in one conversation. Type /help inside; a line that ends with \\ goes on.

    \b
    aichaos chat --from demo:route-chaos
    printf '3 tests for my routes\\nYAMLs for scenario 1\\n' | aichaos chat --from demo:route-chaos
    """
    effective = settings.load({**given, "from": given["origin"]})
    resumed = sessions.load(Path(given["resume"]).expanduser()) if given["resume"] else None
    selected = choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"])
    wish = pipeline.Wish(
        choice=selected,
        words=read(""),
        count=effective["count"],
        out=Path(effective["out"]).expanduser(),
        manner=manner(effective, no_cache=given["no_cache"]),
        policy=effective["policy"],
    )
    source = effective["from"] or "live"
    if resumed is not None and resumed.source != source:
        warn([f"this conversation was about {resumed.source}; it goes on about {source}"])
        resumed.source = source
    talk = _Talk(wish, opened(effective), Topology(pipeline.observe(selected, say)), resumed or Session(source=source))
    return talk.run()


class _Talk:
    def __init__(self, wish: pipeline.Wish, backend: Backend, topology: Topology, session: Session) -> None:
        self.wish = wish
        self.backend = backend
        self.topology = topology
        self.session = session
        self.paper = Paper(sys.stdout)
        self.code = 0

    def run(self) -> int:
        person = sys.stdin.isatty()
        if person:
            name = self.topology.snapshot.source.cluster
            self.paper.line((name, "bold"), ("  /help shows what can be typed, /quit leaves", "dim"))
        for line in _lines(self.names() if person else list):
            try:
                if not self.turn(line.strip()):
                    break
            except AichaosError as error:
                self._failed(error, person)
            sys.stdout.flush()
        return self.code

    def _failed(self, error: AichaosError, person: bool) -> None:
        """A turn that failed is said, and the conversation goes on; without a person its code is the program's."""
        lines = [f"aichaos: {clean(str(error)).replace(chr(10), ' ')}"] + ([f"  {clean(error.hint)}"] if error.hint else [])
        sys.stdout.flush()
        print("\n".join(lines), file=sys.stderr, flush=True)
        self.code = self.code if person else self.code or error.exit_code

    def turn(self, text: str) -> bool:
        """One line of the user. False: the conversation is over."""
        if not text:
            return True
        if not text.startswith("/"):
            self._text(text)
            return True
        name, _, rest = text.partition(" ")
        act = _COMMANDS.get(name)
        if act is None:
            raise UsageError(f"no command is called {name[:40]}", hint=f"The commands are {', '.join(_COMMANDS)}.")
        return act(self, rest.strip()) is not False

    # what was meant -----------------------------------------------------------------------------------------------------------------

    def _text(self, text: str) -> None:
        meant = intent(text, read(text), self.session)
        match meant.act:
            case "missing":
                hint = f"There are {len(self.session.suggestions)}; /list shows them."
                raise UsageError(f"there is no scenario {meant.number}", hint=hint)
            case "show":
                self.session.heard(text)
                assert meant.number is not None
                self.session.current = meant.number
                self._whole(meant.number, manifests=meant.yaml)
            case "refine":
                assert meant.number is not None
                number = self._with_place_for(text, meant.number)
                if number is None:
                    self._ideas(text, manifests=meant.yaml)
                else:
                    self._refine(text, number, manifests=meant.yaml)
            case "ideas":
                self._ideas(text, manifests=meant.yaml)

    def _with_place_for(self, text: str, number: int) -> int | None:
        """The scenario that is meant, if it is of the fault whose numbers are said; else one that is; None where no rule could do it.

        "Network latency in scenario 2" said of a list whose second scenario has no latency means another list.
        """
        wanted = {"latency", "loss"} & read(text).numbers().keys()
        order = [number, *(other for other in range(len(self.session.suggestions)) if other != number)]
        for one in order if wanted else [number]:
            path = self.session.suggestions[one].experiment
            if path is None:
                continue
            held = {knob.quantity for knob in knobs(to_document(saving.load(Path(path), experiment_of)))}
            if wanted <= held:
                if one != number:
                    print(f"note: scenario {number + 1} has no {' and '.join(sorted(wanted))}; scenario {one + 1} has", file=sys.stderr)
                return one
        return number if self.backend.prompted else None

    def _ideas(self, text: str, *, manifests: bool = False) -> None:
        if not text:
            raise UsageError("there is no question", hint="For example: /ideas what if a backend has no pods?")
        words = read(text)
        count = words.count or (1 if one_scenario(text) else self.wish.count)
        if not 1 <= count <= 50:
            raise UsageError(f"{count} suggestions are too many", hint="Ask for 50 at most.")
        wish = msgspec.structs.replace(self.wish, words=words, count=count, said=tuple(self.session.said))
        answer = pipeline.suggest_for(self.topology, wish, self.backend, say, lambda path: False)
        self.session.heard(text)
        self.session.suggested(answer.suggestions)
        terminal.suggestions(answer, self.paper, manifests=manifests)
        sys.stdout.flush()
        warn(answer.warnings)

    def _refine(self, text: str, number: int, *, manifests: bool = False) -> None:
        if not text:
            raise UsageError("there is no change", hint="For example: /refine 50% of the pods, 1000 ms")
        experiment, path = self._experiment(number)
        wish = msgspec.structs.replace(self.wish, words=read(text), said=tuple(self.session.said), out=path.parent)
        try:
            answer = pipeline.refine_for(self.topology, experiment, path, wish, self.backend, say)
        except ReplyError:
            if self.backend.prompted:
                raise
            say(f"scenario {number + 1} has no place for that; looking for one that has")
            self._ideas(text, manifests=manifests)
            return
        self.session.heard(text)
        self.session.refined(number, answer.suggestion)
        show_refinement(answer, self.paper, number=number + 1, manifests=manifests)
        sys.stdout.flush()
        warn(answer.warnings)

    # commands -----------------------------------------------------------------------------------------------------------------------

    def help(self, rest: str) -> None:
        self.paper.facts(HELP.items())

    def quit(self, rest: str) -> bool:
        return False

    def ideas(self, rest: str) -> None:
        self._ideas(rest)

    def refine(self, rest: str) -> None:
        self._refine(rest, self._number(""))

    def listing(self, rest: str) -> None:
        for number, one in enumerate(self.session.suggestions):
            mark = "*" if number == self.session.current else " "
            self.paper.line(f"{mark} {number + 1}  {one.title}  ", (one.verdict, "dim"))
        if not self.session.suggestions:
            self.paper.line("nothing has been suggested yet; ask for something")

    def use(self, rest: str) -> None:
        self.session.current = self._number(rest)
        self.listing("")

    def show(self, rest: str) -> None:
        self._whole(self._number(rest))

    def yaml(self, rest: str) -> None:
        terminal.yamls(self._suggestion(rest), self.paper)

    def commands(self, rest: str) -> None:
        terminal.commands(self._suggestion(rest), self.paper)

    def explain(self, rest: str) -> None:
        number = self._number(rest)
        terminal.one(number + 1, self.session.suggestions[number], self.paper, explain=True)

    def check(self, rest: str) -> None:
        experiment, path = self._experiment(self._number(rest))
        found = check_experiment(experiment, self.topology, self.wish.policy)
        terminal.findings(found, self.paper)
        self.paper.line(f"{path}: {terminal.counted(summary(found))}")

    def predict(self, rest: str) -> None:
        experiment, _ = self._experiment(self._number(rest))
        found = Foresight(self.topology).of(experiment)
        prediction.show(experiment.spec.title, found, self.paper)
        warn(list(found.notes))

    def run_it(self, rest: str) -> None:
        self._number(rest)
        raise UsageError("a conversation can't run experiments yet", hint="/commands shows what to type by hand.")

    def reload(self, rest: str) -> None:
        self.topology = Topology(pipeline.observe(self.wish.choice, say))
        self.paper.line("the cluster was read again")

    def save(self, rest: str) -> None:
        path = Path(rest).expanduser() if rest else (self.wish.out or Path("chaos")) / "conversation.json"
        sessions.write(self.session, path)
        self.paper.line(f"saved as {path}; go on with: aichaos chat --resume {path} --from {self.session.source}")

    # parts --------------------------------------------------------------------------------------------------------------------------

    def _number(self, rest: str) -> int:
        if not self.session.suggestions:
            raise UsageError("nothing has been suggested yet", hint="Ask for something first, for example: 3 tests for my routes")
        said = int(rest) if rest.isdigit() and len(rest) < 4 else None
        found = self.session.numbered(said) if said is not None or not rest else None
        if found is None:
            raise UsageError(f"there is no scenario {rest[:20]!r}", hint=f"Say a number from 1 to {len(self.session.suggestions)}.")
        return found

    def _suggestion(self, rest: str) -> Suggestion:
        return self.session.suggestions[self._number(rest)]

    def _whole(self, number: int, *, manifests: bool = False) -> None:
        terminal.one(number + 1, self.session.suggestions[number], self.paper, manifests=manifests)

    def _experiment(self, number: int) -> tuple[Experiment, Path]:
        path = self.session.suggestions[number].experiment
        if path is None:
            raise UsageError(f"scenario {number + 1} has no experiment that could be read", hint="/show says why; ask again for ideas.")
        return saving.load(Path(path), experiment_of), Path(path)

    def names(self) -> Callable[[], list[str]]:
        """What can be completed: commands, and names of objects that one speaks of."""

        def names() -> list[str]:
            snapshot = self.topology.snapshot
            kinds = ("HTTPRoute", "GRPCRoute", "Gateway", "Service", "Deployment", "StatefulSet", "ServiceAccount", "NetworkPolicy")
            objects = {obj.name for kind in kinds for obj in snapshot.of(kind)}
            return sorted([*_COMMANDS, *objects, *self.topology.namespaces])

        return names


_COMMANDS: dict[str, Callable[[_Talk, str], object]] = {
    "/help": _Talk.help,
    "/ideas": _Talk.ideas,
    "/refine": _Talk.refine,
    "/list": _Talk.listing,
    "/use": _Talk.use,
    "/show": _Talk.show,
    "/yaml": _Talk.yaml,
    "/commands": _Talk.commands,
    "/explain": _Talk.explain,
    "/check": _Talk.check,
    "/predict": _Talk.predict,
    "/run": _Talk.run_it,
    "/reload": _Talk.reload,
    "/save": _Talk.save,
    "/quit": _Talk.quit,
    "/exit": _Talk.quit,
}


def _lines(names: Callable[[], list[str]]) -> Iterator[str]:
    """What somebody types, or what stands in a pipe: one turn each. A line that ends with a backslash goes on."""
    person = sys.stdin.isatty()
    if person:
        _with_history(names)
    parts: list[str] = []
    while True:
        try:
            line = input("… " if parts else "> ") if person else _next_line()
        except EOFError:
            if person:
                print()
            if parts:
                yield "\n".join(parts)
            return
        if person:
            _remember_lines()
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        yield "\n".join([*parts, line])
        parts = []


_LONGEST = 200_000


def _next_line() -> str:
    line = sys.stdin.readline(_LONGEST)
    if not line:
        raise EOFError
    return line.rstrip("\r\n")


def history_file() -> Path:
    """`~/.local/state/aichaos/history`, or where XDG_STATE_HOME says."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "aichaos" / "history"


def _with_history(names: Callable[[], list[str]]) -> None:
    """History and completion, where this Python has them and the terminal can."""
    if os.environ.get("TERM") == "dumb":
        return
    try:
        import readline
    except ImportError:
        return
    path = history_file()
    known: list[str] = []

    def complete(text: str, state: int) -> str | None:
        if not known:
            known.extend(names())
        found = [name for name in known if name.startswith(text)]
        return found[state] if state < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" \t\n,;:\"'")
    readline.parse_and_bind("tab: complete")
    readline.set_history_length(1_000)
    with suppress(OSError):  # there is none yet
        readline.read_history_file(path)


def _remember_lines() -> None:
    """Write the history, without secrets: after each line, since Ctrl-C ends the program at once."""
    readline = sys.modules.get("readline")
    if readline is not None and os.environ.get("TERM") != "dumb":
        last = readline.get_current_history_length()
        typed = readline.get_history_item(last) or ""
        if typed != without_secrets(typed):
            readline.replace_history_item(last - 1, without_secrets(typed))
        path = history_file()
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            readline.write_history_file(path)
            path.chmod(0o600)
