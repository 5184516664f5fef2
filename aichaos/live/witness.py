"""What is asked while a run lasts, and kept beside its journal: the probes, and the requests whose answers were foretold.

Begins before the first step, so that there is a baseline, and ends after everything went back. Nothing of it changes a cluster.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from aichaos.domain.about import ABOUT, About, Request
from aichaos.domain.experiment import METHODS, Expectation, Experiment, HTTPProbe, Probe
from aichaos.domain.prediction import Prediction
from aichaos.domain.running import Event, Probed, RestoreBegan, Step, Told
from aichaos.domain.sample import Sample
from aichaos.errors import FileError, UsageError
from aichaos.measure.probes import Prober
from aichaos.measure.samples import NAME, Recorder
from aichaos.measure.sampling import Sampling
from aichaos.predict.requests import Asked, of_probe

Say = Callable[[Event], None]
MOST_REQUESTS = 20
"""Foretold requests that are sent, each once a second: first those whose answer changes, then those of the probes, then the others."""
_ANY = Expectation(status="100-599")


def seen(sample: Sample) -> Probed:
    """A sample as an event."""
    good = {"good": True, "bad": False, "none": None}[sample.outcome]
    told = [f"{sample.status}" if sample.status else "", sample.backend or "", f"{sample.seconds * 1000:.0f}ms" if sample.seconds else ""]
    return Probed(probe=sample.probe, good=good, detail=sample.why or " ".join(part for part in told if part))


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """The foretold requests that are sent, as probes; and why others are not, by their number."""

    requests: list[Request] = []
    probes: list[Probe] = []
    unasked: dict[int, str] = {}


def watched(experiment: Experiment, prediction: Prediction, requests: Sequence[Asked], prober: Prober) -> Watched:
    """Which foretold requests can be sent through their gateway: those that only ask, and whose gateway has an address."""
    taken = {probe.name for probe in (*experiment.spec.steady_state, *experiment.spec.abort)}
    found, probes, unasked = list[Request](), list[Probe](), dict[int, str]()
    for one in (*experiment.spec.steady_state, *experiment.spec.abort):
        mine = [number for number, asked in enumerate(requests) if asked == of_probe(one)]
        found += [Request(sample=one.name, number=number) for number in mine]  # what a probe is answered counts, too
        prober.prefer(one.name, _services(prediction, mine or range(len(requests))))
    for number in sorted(range(len(requests)), key=lambda one: (not prediction.changes(one), one)):
        name = f"request {number}: {prediction.requests[number]}"
        while name in taken:
            name = f"predicted {name}"
        if (probe := _as_probe(name, requests[number])) is None:
            unasked[number] = f"only {', '.join(METHODS)} through a named gateway are sent"
        elif len(probes) >= MOST_REQUESTS:
            unasked[number] = f"only {MOST_REQUESTS} foretold requests are sent in a run"
        else:
            try:
                prober.prepare([probe])
                prober.prefer(name, _services(prediction, [number]))
            except UsageError as error:
                unasked[number] = str(error)
                continue
            found.append(Request(sample=name, number=number))
            probes.append(probe)
    return Watched(requests=found, probes=probes, unasked=unasked)


def _as_probe(name: str, asked: Asked) -> Probe | None:
    if asked.line.method not in METHODS or asked.gateway is None:
        return None
    headers = dict(asked.line.headers)
    http = HTTPProbe(url=asked.line.url, method=asked.line.method, headers=headers, via=f"gateway/{asked.gateway}", expect=_ANY)
    return Probe(name=name, http=http, rate=1)


def _services(prediction: Prediction, requests: Iterable[int]) -> set[str]:
    """The Services that are foretold to answer these requests at some time."""
    return {
        part.service
        for number in requests
        for state in prediction.states
        for part in state.outcomes[number].backends
        if part.service is not None
    }


class Witness:
    """Asks and writes down, from `begin` to `end`. abort: called where an abort probe ends the run."""

    def __init__(
        self,
        folder: Path,
        about: About,
        prober: Prober,
        extra: Sequence[Probe],
        abort: Callable[[Probe, Sample], object],
        say: Say,
    ) -> None:
        self.trouble: list[str] = []
        self._folder = folder
        self._about = about
        self._prober = prober
        self._say = say
        self._stack = ExitStack()
        self._recorder = Recorder(folder / NAME, self._lost)
        spec = about.experiment.spec
        self._sampling = Sampling(
            spec.steady_state, spec.abort, prober.ask, abort, self._told, about.interval, record=self._recorder.add
        )  # fmt: skip
        self._requests = Sampling(extra, [], prober.ask, record=self._recorder.add)
        self._steady = {probe.name: probe for probe in spec.steady_state}

    def begin(self) -> None:
        """Raises FileError where nothing can be kept."""
        path = self._folder / ABOUT
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(msgspec.json.encode(self._about))
        except OSError as error:
            hint = "Nothing was changed. Say where aichaos may write with AICHAOS_STATE_DIR."
            raise FileError(f"cannot write {path}: {error.strerror or error}", hint=hint) from error
        self._stack.enter_context(self._recorder)
        self._stack.enter_context(self._sampling)
        self._stack.enter_context(self._requests)

    def look(self, name: str, unless_stopped: Callable[[Callable[[], Sample]], Sample | None]) -> None:
        """Ask a probe of the steady state once more, for a step that says so. Raises UsageError where there is none of that name."""
        if name not in self._steady:
            raise UsageError(f"the steady state has no probe {name!r}", hint="A step asks one of the probes of the steady state.")
        probe = self._steady[name]
        if (sample := unless_stopped(lambda: self._prober.ask(probe))) is not None:
            self._recorder.add(sample)
            self._say(seen(sample))

    def tell(self, event: Event, at: float) -> None:
        """A window begins with each step, and with the way back; abort probes end nothing once that has begun."""
        if isinstance(event, (Step, RestoreBegan)):
            self._recorder.mark(at)
        if isinstance(event, Step):
            self._recorder.flush()  # a run that dies in this step has kept what was before it
        if isinstance(event, RestoreBegan):
            self._sampling.protect_no_more()
        self._say(event)

    def end(self) -> None:
        """Everything that has come is on the disk."""
        self._stack.close()

    def _told(self, sample: Sample) -> None:
        self._say(seen(sample))

    def _lost(self, why: str) -> None:
        self.trouble.append(why)
        self._say(Told(text=why))
