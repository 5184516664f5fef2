"""`aichaos progressive`: one experiment in growing stages: look at all of them → ask once → run one, then the next if it held → the limit.

Each stage is an ordinary run; one Lease is held from the first to the last. Which value comes next is decided in `measure/breaking.py`,
from what was tried.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import msgspec

from aichaos import catalogue, saving
from aichaos.check.decode import experiment_of
from aichaos.domain.digest import sha256
from aichaos.domain.experiment import Experiment, to_document
from aichaos.domain.progressive import Course, Limit, Try
from aichaos.domain.running import Event, Plan
from aichaos.errors import AichaosError, FileError, UsageError
from aichaos.files import yaml
from aichaos.files.save import save
from aichaos.library.dials import Dial, dial_of, start_of
from aichaos.library.parameters import Value
from aichaos.live.planning import Order, Within, only_live
from aichaos.live.running import Manner
from aichaos.live.series import Conduct, Consent, Looked, Say, Went, plan_of, run_one, under_one_guard, worst
from aichaos.measure.breaking import Next, Search, known, step
from aichaos.observe import source
from aichaos.observe.topology import Topology
from aichaos.run import approve, state
from aichaos.run.approve import Whole
from aichaos.run.plan import run_name

LIBRARY = "library:"
"""How an experiment is named that is made of a scenario of the library."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What should grow. experiment: a path, or `library:NAME`. grow: `NAME=VALUE,VALUE`. closely: how closely the limit is wanted, as text;
    None for the stages alone. pairs, subject, own: of a scenario, as for `aichaos library render`."""

    experiment: str
    grow: str
    closely: str | None = None
    repeats: int = 1
    pairs: tuple[str, ...] = ()
    subject: str = ""
    own: Path | None = None


class Climb(msgspec.Struct, frozen=True, kw_only=True):
    """A series that is ready. folder: where its experiments are kept."""

    name: str
    folder: Path
    experiment: str
    title: str
    dial: Dial
    search: Search
    order: Order

    def whole(self, looked: Sequence[Looked]) -> Whole:
        """What an approval of the series is of: what grows, from where to where, and how closely the limit is looked for."""
        plan = "sha256:" + sha256(msgspec.json.encode([self.dial.name, msgspec.to_builtins(self.search)]))
        parts = tuple(one.part for one in looked)
        return Whole(kind="Progressive", plan=plan, parts=parts, between=self.search.closely is not None)

    def plan(self, looked: Sequence[Looked]) -> Plan:
        return plan_of(self.experiment, self.title, self.name, self.whole(looked), looked)


class Hands(Protocol):
    """What a series needs of whoever started it."""

    def begins(self, climb: Climb, found: Next) -> None: ...

    def tell(self, event: Event) -> None: ...

    def went(self, went: Went) -> None: ...

    def again(self) -> None: ...


def prepare(wish: Wish, order: Order, say: Say) -> Climb:
    """Read what should grow, and how. Raises UsageError, FileError, SourceError."""
    only_live(order)
    name, equals, texts = wish.grow.partition("=")
    if not equals or not texts.strip():
        raise UsageError(f"--grow {wish.grow!r} names no values", hint="Write --grow percent=5%,10%,30% or --grow latency=100ms,500ms,1s.")
    say("reading the cluster")
    topology = Topology(source.take(msgspec.structs.replace(order.choice, origin="live")))
    dial = _of_library(name, wish, topology) if wish.experiment.startswith(LIBRARY) else _of_file(name, wish, topology)
    stages = tuple(dial.read(text) for text in texts.split(","))
    _growing(dial, stages)
    search = Search(
        stages=stages,
        closely=_closely(wish.closely, dial),
        start=dial.start if len(stages) < 2 or stages[1] > stages[0] else None,
        whole=dial.parameter.whole,
        repeats=wish.repeats,
    )
    first = _made(dial, stages[0])
    series = run_name(first.name, approve.now())
    folder = state.home() / "progressive" / series
    return Climb(name=series, folder=folder, experiment=first.name, title=first.spec.title, dial=dial, search=search, order=order)


def _growing(dial: Dial, stages: tuple[float, ...]) -> None:
    pairs = list(pairwise(stages))
    if not (all(one < other for one, other in pairs) or all(one > other for one, other in pairs)):
        shown = ", ".join(dial.shown(value) for value in stages)
        raise UsageError(f"the stages {shown} do not grow", hint="Write them from the mildest to the hardest; fewer replicas are harder.")


def _closely(text: str | None, dial: Dial) -> float | None:
    if text is None:
        return None
    wide = msgspec.structs.replace(dial.parameter, minimum=1 if dial.parameter.whole else 0, maximum=None)
    value = msgspec.structs.replace(dial, parameter=wide).read(text)
    if value <= 0:
        raise UsageError("--find-limit needs a distance above zero", hint="For example --find-limit 50ms.")
    return value


def _of_file(name: str, wish: Wish, topology: Topology) -> Dial:
    if wish.pairs or wish.subject:
        raise UsageError("--set and --for belong to a scenario of the library", hint="Write library:NAME instead of a file.")
    return dial_of(name, to_document(saving.load(Path(wish.experiment), experiment_of)), topology)


def _of_library(name: str, wish: Wish, topology: Topology) -> Dial:
    """A parameter of a scenario: the limits and sentences of each stage are made with it."""
    scenario = catalogue.find(wish.experiment.removeprefix(LIBRARY), wish.own)
    said = catalogue.said(scenario, wish.pairs)
    numbers = {each: one for each, one in scenario.settable.items() if not isinstance(one.default, str)}
    if name not in numbers:
        hint = f"It has {', '.join(numbers)}." if numbers else "It has no number that could grow."
        raise UsageError(f"{scenario.name} has no parameter {name!r} that could grow", hint=hint)
    if name in said:
        raise UsageError(f"{name} is both set and to grow", hint=f"Leave out --set {name}=….")
    fixed = str(catalogue.chosen(catalogue.Making(scenario=scenario, said=said, subject=wish.subject), topology).candidate.subject)

    def document(value: float) -> dict[str, object]:
        whole: Value = int(value) if value == int(value) else value
        making = catalogue.Making(scenario=scenario, said=said | {name: whole}, subject=fixed)
        made, problems = catalogue.experiment_for(catalogue.chosen(making, topology), topology)
        if made is None:
            raise FileError(f"{scenario.reference} makes no experiment: {problems[0].message}", hint="See `aichaos library check`.")
        return to_document(made)

    return Dial(name=name, parameter=numbers[name], start=start_of(numbers[name]), document=document)


def _made(dial: Dial, value: float) -> Experiment:
    """The experiment with one value. Raises FileError where it is none."""
    experiment, problems = experiment_of(dial.document(value))
    if experiment is None:
        raise FileError(f"with {dial.name} {dial.shown(value)} it is no experiment: {problems[0].message}", hint="See `aichaos check`.")
    return experiment


def staged(climb: Climb, number: int, value: float) -> tuple[Order, str]:
    """The order of one run, whose experiment lies in the series' folder, and the digest of its text."""
    experiment = _made(climb.dial, value)
    path = saving.file_in(climb.folder, number, climb.dial.shown(value))
    save(path, yaml.dump(to_document(experiment)))
    return msgspec.structs.replace(climb.order, path=path, within=Within(part=_stage(climb, value))), approve.digest_of(experiment)


def _stage(climb: Climb, value: float) -> int | None:
    return climb.search.stages.index(value) if value in climb.search.stages else None


def carry_on(climb: Climb, looked: Sequence[Looked], consent: Consent, hands: Hands, say: Say, manner: Manner) -> Course:
    """The series itself. What is known is written down after each run. looked: its stages as they were shown. Raises AichaosError where
    nothing was begun."""
    tries: list[Try] = []
    codes: list[int] = []
    why = ""
    with under_one_guard(climb.plan(looked), climb.order, consent) as series:
        while isinstance(found := step(climb.search, tries), Next):
            if stop := series.stops.stop:
                why = f"stopped between two stages: {stop.reason}"
                break
            hands.begins(climb, found)
            conduct = Conduct(series=series, consent=consent, say=say, tell=hands.tell, manner=manner, again=hands.again)
            went, path = _try(climb, len(tries) + 1, found, conduct)
            codes.append(went.code)
            tries.append(_tried(climb, found, went, path))
            hands.went(went)
            _keep(climb, tries, codes, why)
            if went.ended:
                why = went.ended
                break
    return _keep(climb, tries, codes, why)


def _try(climb: Climb, number: int, found: Next, conduct: Conduct) -> tuple[Went, Path]:
    """One run. A value between two stages that were shown is approved with them."""
    try:
        order, digest = staged(climb, number, found.value)
    except AichaosError as error:
        return Went(code=5, why=str(error)), Path()
    allowed = msgspec.structs.replace(conduct.consent, digests=conduct.consent.digests | {digest})
    lead = msgspec.structs.replace(conduct, consent=allowed)
    return run_one(order, _stage(climb, found.value), lead, lambda plan: None), order.path


def _tried(climb: Climb, found: Next, went: Went, path: Path) -> Try:
    done = went.report.finished if went.report else None
    return Try(
        value=found.value,
        held={0: True, 3: False}.get(went.code),
        repeat=found.repeat,
        code=went.code,
        verdict=done.verdict if done else None,
        run=done.run if done else "",
        report=done.report if done else "",
        why=went.why,
        experiment=str(path),
        confidence=went.report.confidence.word if went.report and went.report.confidence else "",
    )


def _keep(climb: Climb, tries: list[Try], codes: list[int], why: str) -> Course:
    """What is known so far, also on disk."""
    over, limit = isinstance(step(climb.search, tries), Limit), known(climb.search, tries)
    telling = next((one.why for one in tries if one.held is None), "")
    ended = why or telling or ("" if over else "it was not finished")
    course = Course(
        series=climb.name,
        experiment=climb.experiment,
        title=climb.title,
        knob=climb.dial.name,
        unit=climb.dial.parameter.unit,
        stages=list(climb.search.stages),
        repeats=climb.search.repeats,
        closely=climb.search.closely,
        tries=tries,
        limit=limit,
        code=_code(codes, limit, why),
        said=sentence(climb, limit, tries),
        why=ended,
    )
    save(climb.folder / "course.json", msgspec.json.format(msgspec.json.encode(course), indent=2).decode() + "\n")
    return course


def _code(codes: list[int], limit: Limit, why: str) -> int:
    """The worst of the runs; where tries did not agree, what most of them said decides about 3."""
    begun = [code for code in codes if code != 5]
    if not begun:
        return 130 if "SIGINT" in why else 5 if codes else 7
    decided = [0 if code == 3 else code for code in begun] + ([3] if limit.broke is not None else [])
    return worst([*decided, *([7] if why or len(begun) < len(codes) else [])])


def sentence(climb: Climb, limit: Limit, tries: list[Try]) -> str:
    """What came of it, for people; and whether what held was put to the test at all."""
    most = [one.confidence for one in tries if one.value == limit.held and one.held]
    doubt = (
        f"; at {climb.dial.shown(limit.held)} hardly anything put it to the test" if limit.held is not None and set(most) == {"low"} else ""
    )
    return _sentence(climb, limit, tries) + doubt


def _sentence(climb: Climb, limit: Limit, tries: list[Try]) -> str:
    dial = climb.dial
    held = dial.shown(limit.held) if limit.held is not None else ""
    broke = dial.shown(limit.broke) if limit.broke is not None else ""
    noisy = "".join(f"; {_counted(dial, value, tries)}" for value in limit.noisy)
    if broke and held:
        return f"{dial.name}: it holds at {held} and breaks at {broke}: the limit is between {held} and {broke}{noisy}"
    if broke and limit.start is not None:
        return f"{dial.name}: it breaks at {broke} already: the limit is between {dial.shown(limit.start)} and {broke}{noisy}"
    if broke:
        return f"{dial.name}: it breaks at {broke}, the first stage{noisy}"
    if held and limit.complete:
        return f"{dial.name}: it held at every stage, up to {held}; the limit is beyond{noisy}"
    return f"{dial.name}: it held at {held}; more is not known{noisy}" if held else f"{dial.name}: nothing is known"


def _counted(dial: Dial, value: float, tries: list[Try]) -> str:
    mine = [one.held for one in tries if one.value == value]
    return f"at {dial.shown(value)} {mine.count(True)} of {len(mine)} tries held"
