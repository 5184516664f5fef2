"""A GameDay: several experiments in order, with people who watch; the file that plans it, what is noted while it goes, and its debrief."""

from typing import Literal, TypeAlias

import msgspec

from aichaos.domain.experiment import API_VERSION, ExperimentMetadata, seconds
from aichaos.domain.results import Measured, Objective
from aichaos.domain.sample import Verdict

Value: TypeAlias = int | float | str


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    pass


class Pick(_Part, frozen=True, kw_only=True):
    """A scenario of the library. name: `NAME` or `NAME@VERSION`. set: values of its parameters, as `--set` takes them. for: the object that
    it is made for, `Kind/ns/name` or a name; without it the best."""

    name: str
    set: dict[str, Value] = {}
    for_: str = msgspec.field(name="for", default="")


Gate: TypeAlias = Literal["previous-passed", "steady-state", "go"]
"""What must be so before a scenario begins: the hypothesis of the one before held; the steady state of this one is met (it is waited for);
somebody says go."""


class Scene(_Part, frozen=True, kw_only=True):
    """One scenario of the day: an `experiment` (a path, from the file's folder) or one of the `library`. duration: how long it may take at
    most; the experiment's own deadline, if that is shorter. gates: what must be so before it. observe: what people look at meanwhile.
    Raises ValueError where it is neither of the two, or both."""

    name: str
    experiment: str = ""
    library: Pick | None = None
    duration: str = ""
    gates: list[Gate] = []
    observe: list[str] = []

    def __post_init__(self) -> None:
        if bool(self.experiment) == (self.library is not None):
            raise ValueError("a scenario has either an `experiment` (a path) or a `library` (a name), and not both")
        if self.duration and not seconds(self.duration):
            raise ValueError(f"{self.duration!r} is no duration; write 15m or 90s")
        if not self.name.strip():
            raise ValueError("a scenario has a name")


class DaySpec(_Part, frozen=True, kw_only=True):
    """objective: what the day is for. date: as you like to write it; when it really was stands in the debrief. patience: how long a gate
    waits for a steady state."""

    title: str
    scenarios: list[Scene]
    objective: str = ""
    date: str = ""
    participants: list[str] = []
    patience: str = "1m"

    def __post_init__(self) -> None:
        if not self.scenarios:
            raise ValueError("a GameDay has at least one scenario")
        if seconds(self.patience) is None:
            raise ValueError(f"patience can't be {self.patience!r}; write 1m or 30s")


class GameDay(_Part, frozen=True, kw_only=True):
    metadata: ExperimentMetadata
    spec: DaySpec
    api_version: str = API_VERSION
    kind: str = "GameDay"

    def __post_init__(self) -> None:
        if self.api_version != API_VERSION or self.kind != "GameDay":
            raise ValueError(f"expected apiVersion {API_VERSION} and kind GameDay, got {self.api_version} and {self.kind}")


# What is written down while it goes, one entry a line -------------------------------------------------------------------------------


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="entry"):
    """Base of what stands in the file of a day. at: seconds since 1970 by this machine's clock."""

    at: float


class DayBegan(Entry, frozen=True, kw_only=True, tag="began"):
    """who: who said go for the day. how: keyboard, or yes. file: the plan, as it was named. cluster: the server's address."""

    day: GameDay
    who: str
    how: str
    file: str
    cluster: str


class GateSeen(Entry, frozen=True, kw_only=True, tag="gate"):
    """number: of the scenario behind it, from 1. who: who said go; "" for the other gates."""

    number: int
    gate: Gate
    opened: bool
    why: str
    who: str = ""


class SceneBegan(Entry, frozen=True, kw_only=True, tag="scenario"):
    number: int
    run: str


class SceneEnded(Entry, frozen=True, kw_only=True, tag="scenario-ended"):
    """code: as the exit code of a run. why: why it did not come to its end, or did not begin."""

    number: int
    code: int
    why: str = ""


NoteKind: TypeAlias = Literal["note", "worked", "failed", "action", "communication"]


class Note(Entry, frozen=True, kw_only=True, tag="note"):
    """What somebody saw or said. kind: where it goes in the debrief."""

    who: str
    text: str
    kind: NoteKind = "note"


class DayEnded(Entry, frozen=True, kw_only=True, tag="ended"):
    """why: why it ended before its last scenario; "" where it did not."""

    code: int
    why: str = ""


DayEntry: TypeAlias = DayBegan | GateSeen | SceneBegan | SceneEnded | Note | DayEnded


# The debrief ------------------------------------------------------------------------------------------------------------------------


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the timeline. at: RFC 3339. after: seconds since the day began. who: a person, or aichaos."""

    at: str
    after: float
    who: str
    text: str


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do. origin: the scenario that it comes from, or who noted it."""

    text: str
    origin: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A probe in one window of a run: `baseline`, `during` or `after`."""

    probe: str
    measured: Measured


class SceneDone(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario as it went.

    state: not-run (a gate was closed, or the day ended before it), refused, running, cut-off (nobody saw its end), or how its run ended:
    completed, stopped, failed. began, ended: RFC 3339. seconds: between them. seen: the probes of the steady state, by window; empty where
    nothing was measured. promises: what of it was kept. foretold: how many predicted answers were observed; differences: those that came
    otherwise, in words. observations: what else the results of the run point at. score: 0 to 100; None where
    nothing could have failed. confidence: low, medium or high; "" as long as it is not over. first_bad, first_note: seconds from its
    beginning to the first bad answer and to the first note.
    """

    number: int
    name: str
    hypothesis: str
    steps: list[str]
    state: Literal["not-run", "refused", "running", "cut-off", "completed", "stopped", "failed"]
    verdict: Verdict | None = None
    restored: str | None = None
    restored_by: str = ""
    seconds_to_restore: float | None = None
    code: int | None = None
    why: str = ""
    run: str = ""
    began: str = ""
    ended: str = ""
    seconds: float | None = None
    duration: str = ""
    gates: list[str] = []
    observe: list[str] = []
    seen: list[Seen] = []
    promises: list[Objective] = []
    foretold: int = 0
    differences: list[str] = []
    observations: list[str] = []
    score: int | None = None
    confidence: str = ""
    first_bad: float | None = None
    first_note: float | None = None
    notes: list[str] = []
    report: str = ""


class Debrief(msgspec.Struct, frozen=True, kw_only=True):
    """What a GameDay was: measured where it was measured, and in people's words where they said something. differences: what came
    otherwise than it was foretold, in all scenarios: the first finding. code: null where nobody saw the end of the day."""

    day: str
    title: str
    objective: str
    planned: str
    participants: list[str]
    led_by: str
    cluster: str
    began: str
    ended: str
    seconds: float | None
    code: int | None
    why: str
    differences: list[str] = []
    scenarios: list[SceneDone]
    worked: list[str]
    failed: list[str]
    actions: list[Action]
    response: list[str]
    communication: list[str]
    issues: list[str]
    process: list[str]
    timeline: list[Line]
    missing: list[str]
    """What could not be read: reports and journals that are gone."""
