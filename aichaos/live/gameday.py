"""`aichaos gameday FILE`: read the plan → make its experiments → look at all of them → ask once → gate, run, gate, run … → debrief.

Each scenario is an ordinary run with its own journal, watchdog and report; the day adds the order, the gates, what people note, and one
Lease that is held from the first scenario to the last.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from aichaos import catalogue, saving
from aichaos.check.decode import experiment_of
from aichaos.domain import clock
from aichaos.domain.digest import sha256
from aichaos.domain.experiment import Experiment, seconds, to_document
from aichaos.domain.gameday import DayBegan, DayEnded, GameDay, Gate, GateSeen, SceneBegan, SceneEnded
from aichaos.domain.running import Event, Plan
from aichaos.errors import AichaosError, FileError
from aichaos.files import yaml
from aichaos.files.save import save
from aichaos.files.strict import converted
from aichaos.live.planning import Order, Within, asked, drawn, only_live, prober_of
from aichaos.live.running import Manner
from aichaos.live.series import Conduct, Consent, Looked, Say, Went, plan_of, run_one, under_one_guard, worst
from aichaos.observe import source
from aichaos.observe.topology import Topology
from aichaos.run import approve, days
from aichaos.run.approve import Whole
from aichaos.run.plan import run_name
from aichaos.run.stops import Stops

_PAUSE = 0.5
SEE = "See docs/howto/gameday.md, and gameday.schema.json beside the other schemas."


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """A day that is ready: its name, its plan, and the order of each scenario, whose experiment lies in the day's folder."""

    name: str
    day: GameDay
    file: str
    orders: list[Order]

    def whole(self, looked: Sequence[Looked]) -> Whole:
        """What an approval of the day is of: the plan as it is written, and every text in its order."""
        plan = "sha256:" + sha256(msgspec.json.encode(self.day))
        return Whole(kind="GameDay", plan=plan, parts=tuple(one.part for one in looked))

    def plan(self, looked: Sequence[Looked]) -> Plan:
        return plan_of(self.day.metadata.name, self.day.spec.title, self.name, self.whole(looked), looked)


class Hands(Protocol):
    """What a day needs of whoever leads it."""

    def go(self, question: str, stops: Stops) -> tuple[bool, str]:
        """Whether somebody says go, and who; no longer than until the day is stopped."""

    def begins(self, number: int, of: int, name: str) -> None:
        """A scenario is next."""

    def gate(self, gate: Gate, opened: bool, why: str) -> None: ...

    def tell(self, event: Event) -> None: ...

    def went(self, went: Went) -> None: ...

    def again(self) -> None:
        """Ctrl-C once more, while everything goes back."""


def read(path: Path) -> GameDay:
    """The plan of a file. Raises FileError, with the line where it is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise FileError(f"cannot read {path}: {why}", hint="Name the file of a GameDay. " + SEE) from error
    documents = yaml.load(text, str(path))
    if len(documents) != 1:
        raise FileError(f"{path} holds {len(documents)} documents", hint="A GameDay is one document. " + SEE)
    return converted(documents[0], GameDay, text, str(path), SEE)


def is_one(path: Path) -> bool:
    """Whether a file is, or means to be, the plan of a GameDay; False where it can't be read."""
    try:
        documents = yaml.load(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError, AichaosError):
        return False
    return any(isinstance(one, dict) and one.get("kind") == "GameDay" for one in documents)


def stage(path: Path, order: Order, own: Path | None, say: Say) -> Staged:
    """Read a plan and put its experiments into a folder of the day's own. Raises FileError, UsageError, SourceError."""
    day = read(path)
    only_live(order)
    name = run_name(day.metadata.name, approve.now())
    where = days.folder(name)
    topology: Topology | None = None
    orders = []
    for number, scene in enumerate(day.spec.scenarios, 1):
        if scene.library is not None:
            if topology is None:
                say("reading the cluster")
                topology = Topology(source.take(msgspec.structs.replace(order.choice, origin="live")))
            experiment = _made(scene.library.name, scene.library.set, scene.library.for_, own, topology)
        else:
            experiment = saving.load(path.parent / scene.experiment, experiment_of)
        kept = saving.file_in(where, number, scene.name)
        save(kept, yaml.dump(to_document(_within(experiment, scene.duration))))
        orders.append(msgspec.structs.replace(order, path=kept, within=Within(part=number - 1)))
    return Staged(name=name, day=day, file=str(path), orders=orders)


def _made(name: str, values: dict[str, int | float | str], subject: str, own: Path | None, topology: Topology) -> Experiment:
    scenario = catalogue.find(name, own)
    said = catalogue.said(scenario, [f"{key}={value}" for key, value in values.items()])
    choice = catalogue.chosen(catalogue.Making(scenario=scenario, said=said, subject=subject), topology)
    experiment, problems = catalogue.experiment_for(choice, topology)
    if experiment is None:
        raise FileError(f"{scenario.reference} makes no experiment: {problems[0].message}", hint="See `aichaos library check`.")
    return experiment


def _within(experiment: Experiment, duration: str) -> Experiment:
    """The experiment with the time that the day gives it, where its own deadline is longer."""
    if not duration or (seconds(duration) or 0.0) >= experiment.spec.limit:
        return experiment
    return msgspec.structs.replace(experiment, spec=msgspec.structs.replace(experiment.spec, deadline=duration))


def hold(staged: Staged, looked: Sequence[Looked], consent: Consent, hands: Hands, say: Say, manner: Manner) -> int:
    """The day itself; its exit code. Everything that happens is written down first. looked: its scenarios as they were shown. Raises
    AichaosError where nothing was begun."""
    spec, codes, why = staged.day.spec, list[int](), ""
    with days.held(staged.name), under_one_guard(staged.plan(looked), staged.orders[0], consent) as series:
        who = approve.me() if consent.permit is None else f"{approve.me()}, approved by {consent.permit.user}"
        began = DayBegan(at=clock.now(), day=staged.day, who=who, how=consent.how, file=staged.file, cluster=consent.cluster)
        days.append(staged.name, began)
        conduct = Conduct(series=series, consent=consent, say=say, tell=hands.tell, manner=manner, again=hands.again)
        for number, scene in enumerate(spec.scenarios, 1):
            hands.begins(number, len(spec.scenarios), scene.name)
            shut = _gates(staged, number, codes, hands, series.stops)
            if stop := series.stops.stop:
                why = f"stopped before {scene.name}: {stop.reason}"
                break
            if shut:
                why = f"the gate {shut} before {scene.name} stayed closed"
                break
            went = _run(staged, number, conduct)
            codes.append(went.code)
            hands.went(went)
            if why := _enough(went, scene.name):
                break
        code = _code(codes, why)
        days.append(staged.name, DayEnded(at=clock.now(), code=code, why=why))
    return code


def _code(codes: list[int], why: str) -> int:
    """The worst of the runs; a day that ended early is no better than a run that did."""
    begun = [code for code in codes if code != 5]
    if not begun:
        return 130 if "SIGINT" in why else 5 if codes else 7
    return worst([*begun, *([7] if why or len(begun) < len(codes) else [])])


def _enough(went: Went, name: str) -> str:
    """Why no other scenario may follow."""
    if went.code == 8:
        return f"{name} is not restored"
    if went.code == 5 and not went.ended:
        return f"the guard refused {name}: {went.why}"
    return f"{name} was ended: {went.ended}" if went.ended else ""


def _run(staged: Staged, number: int, conduct: Conduct) -> Went:
    def began(plan: Plan) -> None:
        days.append(staged.name, SceneBegan(at=clock.now(), number=number, run=plan.run))

    went = run_one(staged.orders[number - 1], number - 1, conduct, began)
    days.append(staged.name, SceneEnded(at=clock.now(), number=number, code=went.code, why=went.why))
    return went


# gates -----------------------------------------------------------------------------------------------------------------------------


def _gates(staged: Staged, number: int, codes: list[int], hands: Hands, stops: Stops) -> Gate | Literal[""]:
    """The first gate before a scenario that stays closed; "" where all open."""
    scene = staged.day.spec.scenarios[number - 1]
    for gate in scene.gates:
        opened, why, who = _gate(gate, staged, number, codes, hands, stops)
        days.append(staged.name, GateSeen(at=clock.now(), number=number, gate=gate, opened=opened, why=why, who=who))
        hands.gate(gate, opened, why)
        if not opened:
            return gate
    return ""


def _gate(gate: Gate, staged: Staged, number: int, codes: list[int], hands: Hands, stops: Stops) -> tuple[bool, str, str]:
    match gate:
        case "previous-passed":
            if not codes:
                return True, "it is the first", ""
            return codes[-1] == 0, _ENDS.get(codes[-1], "it was not run"), ""
        case "steady-state":
            try:
                return *_steady(staged.orders[number - 1], seconds(staged.day.spec.patience) or 0.0, stops), ""
            except AichaosError as error:
                return False, str(error), ""
        case "go":
            said, who = hands.go(f"Go for {staged.day.spec.scenarios[number - 1].name}?", stops)
            return said, f"{who} says {'go' if said else 'no'}", who


_ENDS = {
    0: "the hypothesis before held",
    3: "the hypothesis before did not hold",
    7: "the scenario before ended early",
    8: "the scenario before is not restored",
    9: "the scenario before had no data",
}


def _steady(order: Order, patience: float, stops: Stops) -> tuple[bool, str]:
    """Whether the steady state of an experiment is met, at the latest when the patience is over."""
    latest = time.monotonic() + patience
    with drawn(order, lambda line: None) as drawing:
        prober = prober_of(drawing)
        prober.prepare(drawing.experiment.spec.steady_state)
        while True:
            found = asked(prober, drawing.experiment.spec.steady_state)
            unmet = [one for one in found if one.verdict != "pass"]
            if not found:
                return False, "the experiment has no steady state"
            if not unmet:
                return True, "; ".join(f"{one.probe}: {one.verdict}" for one in found)
            if time.monotonic() >= latest:
                return False, f"not within {patience:g} s: {unmet[0].probe}: {unmet[0].verdict}, {unmet[0].why}"
            if stop := stops.wait(_PAUSE):
                return False, stop.reason
