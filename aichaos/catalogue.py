"""`aichaos library`: find a scenario → see whether it fits → make it for a cluster → check → predict → save.

What is made goes the same way as a suggestion; only nobody is asked.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from aichaos import saving
from aichaos.assess import Foresight, gaps, judge, mend, suggestion_of
from aichaos.check.decode import experiment_of
from aichaos.check.spelling import did_you_mean, there_are
from aichaos.domain.base import ObjectRef
from aichaos.domain.catalogue import Catalogue, Entry, Rendered, Settable, Trial, Tried
from aichaos.domain.experiment import VERBS, Experiment, Provenance
from aichaos.domain.finding import Finding, Severity, summary, verdict
from aichaos.domain.policy import Policy
from aichaos.domain.suggestion import Draft, Idea, summary_of
from aichaos.errors import AichaosError, FileError, SyntaxProblem, UsageError
from aichaos.files.plain import mapping, sequence
from aichaos.files.strict import place
from aichaos.library import needs
from aichaos.library.choose import Choice, choose, subjects
from aichaos.library.fill import fill, holes
from aichaos.library.finders import Candidate
from aichaos.library.model import Scenario
from aichaos.library.own import read as own_read
from aichaos.library.parameters import Parameter, Value, read
from aichaos.library.shelf import scenarios
from aichaos.observe.topology import Topology

Overwrite: TypeAlias = Callable[[str], bool]
_ACCOUNT = Parameter(default="", about="the service account that the engine uses; without it the one that is found")


class NotHere(AichaosError):
    """A scenario that does not fit the cluster."""


# finding ---------------------------------------------------------------------------------------------------------------------------


def find(name: str, own: Path | None) -> Scenario:
    """The scenario of that name, or `NAME@VERSION`. Raises UsageError; FileError for what stands in the folder of one's own."""
    known = {one.name: one for one in scenarios(own)}
    bare, at, version = name.partition("@")
    if bare not in known:
        raise UsageError(f"no scenario is called {bare!r}{did_you_mean(bare, known)}", hint="`aichaos library` lists them.")
    found = known[bare]
    if at and version != str(found.version):
        hint = f"Leave out @{version}, or keep that version as a file in a folder of your own (--library)."
        raise UsageError(f"{bare} is there in version {found.version}, not {version or 'none'}", hint=hint)
    return found


def catalogue(words: Iterable[str], own: Path | None, topology: Topology | None) -> Catalogue:
    """The scenarios that words ask for, the best first; all of them without words. topology: the cluster that they should fit."""
    asked = [word.lower() for word in words]
    scored = [(_score(one, asked), one) for one in scenarios(own)]
    found = [one for score, one in sorted(scored, key=lambda item: -item[0]) if score or not asked]
    return Catalogue(
        source=summary_of(topology.snapshot) if topology else None,
        scenarios=[entry(one, topology) for one in found],
        warnings=gaps(topology) if topology else [],
    )


def _score(scenario: Scenario, asked: list[str]) -> int:
    """How well words fit a scenario: its own name and tags first, then its keywords, then what is said about it; 0 where one word fits
    nothing."""
    names = {scenario.name, scenario.category, *scenario.name.split("-"), *scenario.tags}
    text = f"{scenario.name} {scenario.title} {scenario.summary} {' '.join(scenario.tags)}".lower()
    total = 0
    for word in asked:
        score = 5 * (word in names) + 2 * (word in scenario.keywords) + (word in text)
        if not score:
            return 0
        total += score
    return total


def entry(scenario: Scenario, topology: Topology | None) -> Entry:
    """A scenario as it is shown, and whether it fits."""
    found = list(subjects(scenario, topology).values()) if topology else []
    spec = mapping(scenario.experiment["spec"])
    told = choose(scenario, found[0], topology, {}).values if found and topology else dict(scenario.defaults)
    return Entry(
        name=scenario.name,
        version=scenario.version,
        title=_worded(scenario.title, told),
        category=scenario.category,
        summary=_worded(scenario.summary.strip(), told),
        tags=scenario.tags,
        keywords=scenario.keywords,
        file=scenario.file or None,
        needs=needs.precondition(scenario),
        parameters=[_settable(name, one) for name, one in settable(scenario).items()],
        hypothesis=_worded(str(spec.get("hypothesis", "")), told),
        steps=[_worded(_step(one), told) for one in sequence(spec.get("steps"))],
        fits=bool(found) if topology else None,
        why_not=needs.why_not(scenario, topology) if topology and not found else None,
        candidates=[str(one.subject) for one in found],
    )


def _worded(text: str, values: dict[str, Any]) -> str:
    """A text with what is known filled in; `<…>` for the rest."""
    unknown = {name: f"<{name.replace('_', ' ')}>" for _, name in holes(text) if name not in values}
    try:
        return str(fill(text, values | unknown))
    except (KeyError, TypeError):  # a hole that goes deeper than its value: `library check` tells where
        return text


def _step(step: object) -> str:
    if isinstance(step, str):
        return f"a step for each of {step.strip('${}. ')}"
    verb = next((name for name in VERBS if name in mapping(step)), "")
    what = mapping(step).get(verb)
    name = mapping(step).get("name", "")
    if not isinstance(what, dict):
        return f"{name}: {verb}" + (f" {what}" if verb == "wait" else "")
    until = mapping(what.get("until"))
    target = f"{what.get('kind', '')} {mapping(what.get('metadata')).get('name') or what.get('name', '')}".strip()
    waited = what.get("for") or (f"until {until.get('object')} is {until.get('condition')}" if until else "")
    return f"{name}: {verb} {target or waited}".strip()


def settable(scenario: Scenario) -> dict[str, Parameter]:
    """What `--set` takes: the parameters, and the service account where an engine uses one."""
    uses = any(name == "account" for _, name in holes(scenario.experiment))
    return scenario.settable | ({"account": _ACCOUNT} if uses and "account" not in scenario.settable else {})


def _settable(name: str, one: Parameter) -> Settable:
    return Settable(
        name=name,
        default=None if one.default == "" else one.default,
        unit=one.unit,
        minimum=one.minimum,
        maximum=one.maximum,
        choices=one.choices,
        limits=one.limits,
        about=one.about,
    )


def said(scenario: Scenario, pairs: Iterable[str]) -> dict[str, Value]:
    """`name=value` pairs, read by the parameters' types. Raises UsageError."""
    known, found = settable(scenario), dict[str, Value]()
    for pair in pairs:
        name, equals, text = pair.partition("=")
        name = name.strip()
        takes = f"{scenario.name} takes {', '.join(known)}." if known else f"{scenario.name} has no parameters."
        if not equals:
            raise UsageError(f"--set {pair!r} has no `=`", hint=f"Write --set name=value. {takes}")
        if name not in known:
            raise UsageError(f"{scenario.name} has no parameter {name!r}{did_you_mean(name, known)}", hint=takes)
        if name in found:
            raise UsageError(f"{name} is set twice", hint="Give one value.")
        found[name] = read(name, known[name], text)
    return found


# making --------------------------------------------------------------------------------------------------------------------------------


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario for a cluster. subject: `Kind/ns/name`, or a name; "" for the best. out: None to save nothing."""

    scenario: Scenario
    said: dict[str, Value] = {}
    subject: str = ""
    out: Path | None = None


def chosen(making: Making, topology: Topology) -> Choice:
    """The scenario with the object that it is made for. Raises NotHere, UsageError."""
    found = subjects(making.scenario, topology)
    cluster = topology.snapshot.source.cluster
    if not found:
        why = needs.why_not(making.scenario, topology)
        hint = "`aichaos library` shows what fits, and why the rest does not."
        raise NotHere(f"{making.scenario.name} does not fit {cluster}: {why}", hint=hint)
    numbers = {name: value for name, value in making.said.items() if name != "account" or "account" in making.scenario.settable}
    account = making.said.get("account")
    return choose(making.scenario, _picked(found, making.subject), topology, numbers, str(account) if account else None)


def _picked(found: dict[ObjectRef, Candidate], subject: str) -> Candidate:
    if not subject:
        return next(iter(found.values()))
    exact = [one for ref, one in found.items() if subject in (str(ref), ref.name, f"{ref.namespace}/{ref.name}")]
    names = [str(ref) for ref in found]
    if len(exact) > 1:
        raise UsageError(f"{subject!r} could be several", hint=f"Write one of {', '.join(str(one.subject) for one in exact)}.")
    if not exact:
        close = did_you_mean(subject, names) or did_you_mean(subject, [ref.name for ref in found])
        raise UsageError(f"it can't be made for {subject!r}{close}", hint=f"For this scenario {there_are(names)}.")
    return exact[0]


def experiment_for(choice: Choice, topology: Topology) -> tuple[Experiment | None, list[Finding]]:
    """The experiment of a choice, with where it comes from. Raises FileError for a hole that nothing fits."""
    made, problems = experiment_of(choice.document())
    if made is None:
        return None, problems
    set_here = {name: choice.values[name] for name in choice.scenario.settable}
    provenance = Provenance(
        backend="library",
        prompt=choice.scenario.reference,
        snapshot=topology.snapshot.digest(),
        words=" ".join(f"{name}={value}" for name, value in set_here.items()) or None,
    )
    return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, provenance=provenance)), problems


def render(making: Making, topology: Topology, policy: Policy, overwrite: Overwrite) -> Rendered:
    """The experiment, checked, predicted and saved as a suggestion is. Raises NotHere, UsageError, FileError."""
    choice = chosen(making, topology)
    made, problems = experiment_for(choice, topology)
    judged = judge(topology, policy)
    told: list[Finding] = []
    if made is not None:
        made, told = mend(made, judged(made))
    idea = Idea(
        id=choice.id,
        title=choice.title,
        summary=choice.summary.strip(),
        category=choice.scenario.category,
        why_here=[str(ref) for ref in choice.candidate.why],
    )
    draft = Draft(idea=idea, experiment=made, findings=[*problems, *told, *(judged(made) if made is not None else ())])
    suggestion = suggestion_of(draft, topology, Foresight(topology), making.out)
    (suggestion,), notes = saving.save([suggestion], [draft], topology.snapshot, making.out, overwrite)
    return Rendered(
        source=summary_of(topology.snapshot),
        scenario=choice.scenario.reference,
        subject=str(choice.candidate.subject),
        set={name: choice.values[name] for name in settable(choice.scenario) if name in choice.values},
        suggestion=suggestion,
        warnings=[*gaps(topology), *notes],
    )


# checking a library ----------------------------------------------------------------------------------------------------------------


def extremes(scenario: Scenario) -> Iterator[dict[str, Value]]:
    """The values that a scenario is tried with: its defaults, then each parameter at the ends of its range and at each of its choices."""
    yield {}
    for name, one in scenario.settable.items():
        for value in (one.minimum, one.maximum, *one.choices):
            if value is not None and value != one.default:
                yield {name: int(value) if isinstance(value, float) and value == int(value) else value}


def placed(found: Finding, scenario: Scenario) -> Finding:
    """A finding about an experiment, at the place of the scenario's file that it comes from."""
    if not scenario.file:
        return msgspec.structs.replace(found, object=found.object or scenario.name)
    line, column = place(scenario.body, f"/experiment{found.path}")
    return msgspec.structs.replace(found, file=scenario.file, line=line, column=column)


def unfitting(scenario: Scenario, reasons: list[str]) -> Finding:
    """A scenario that fits none of the clusters that it was tried on: nobody knows whether it is right. An error for one of a folder,
    whose owner chose the clusters."""
    message = f"{scenario.name} fits none of these clusters, so nothing was checked: {'; '.join(dict.fromkeys(reasons))}"
    severity: Severity = "error" if scenario.file else "skipped"
    found = Finding(rule="library/fits-nowhere", layer="reference", severity=severity, message=message, object=scenario.name)
    if not scenario.file:
        return found
    line, column = place(scenario.body, "/find")
    return msgspec.structs.replace(found, file=scenario.file, line=line, column=column)


def tried(folders: Sequence[Path], topologies: Sequence[Topology], policy: Policy) -> Tried:
    """Every scenario of some folders (without any, those of the program) on every cluster, at the ends of all its parameters."""
    read_all = [one for folder in folders for one in own_read(folder, {known.name for known in scenarios()})] or list(scenarios())
    trials, found = list[Trial](), list[Finding]()
    for one in read_all:
        if isinstance(one, FileError):
            found.append(_unreadable(one))
            continue
        mine = [_trial(one, topology, policy, found) for topology in topologies]
        if all(trial.verdict is None for trial in mine):
            found.append(unfitting(one, [f"{trial.cluster}: {trial.why_not}" for trial in mine]))
        trials += mine
    return Tried(scenarios=len(read_all), trials=trials, findings=found, summary=summary(found))


def _trial(scenario: Scenario, topology: Topology, policy: Policy, found: list[Finding]) -> Trial:
    """A scenario on a cluster; what is found is added to `found`, once however many values show it."""
    cluster = topology.snapshot.source.cluster
    candidates = subjects(scenario, topology)
    if not candidates:
        return Trial(scenario=scenario.reference, cluster=cluster, verdict=None, why_not=needs.why_not(scenario, topology))
    judged, mine, made = judge(topology, policy), list[Finding](), 0
    for values in extremes(scenario):
        try:
            experiment, problems = experiment_for(choose(scenario, next(iter(candidates.values())), topology, values), topology)
        except FileError as error:
            mine.append(_unreadable(error))
            break
        told = ", ".join(f"{name}={value}" for name, value in values.items())
        with_values = f" (with {told}, on {cluster})" if told else f" (on {cluster})"
        made += experiment is not None
        for one in [*problems, *(judged(experiment) if experiment is not None else ())]:
            if not any((one.rule, one.path) == (other.rule, other.path) for other in mine):
                mine.append(msgspec.structs.replace(one, message=one.message + with_values))
    found += [placed(one, scenario) if one.rule != _BROKEN else one for one in mine]
    return Trial(scenario=scenario.reference, cluster=cluster, verdict=verdict(mine), made=made)


_BROKEN = "library/broken"


def _unreadable(error: FileError) -> Finding:
    """A mistake in a scenario's file, as a finding at its place."""
    where = (error.file, error.line, error.column) if isinstance(error, SyntaxProblem) else (None, None, None)
    message = error.problem if isinstance(error, SyntaxProblem) else str(error)
    return Finding(rule=_BROKEN, layer="syntax", severity="error", message=message, file=where[0], line=where[1], column=where[2])
