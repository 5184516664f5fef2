"""An experiment from an answer that holds none: bare manifests and kubectl lines, in the order in which they stand.

This is what most models write, and nearly all small ones. Every line becomes typed steps or a finding; every manifest is brought in where
a line says so, or where it stands.
"""

from collections.abc import Iterator
from typing import Any

from aichaos.ask import kubectl_lines
from aichaos.ask.kubectl_lines import StepBody
from aichaos.ask.reply import Command, Found, problem
from aichaos.domain.base import plural, reference_of
from aichaos.domain.chaos import ENGINE_GROUPS
from aichaos.domain.experiment import seconds
from aichaos.domain.finding import Finding
from aichaos.domain.suggestion import Idea
from aichaos.files.plain import mapping, sequence

_WORDS = {
    "apply": "apply",
    "create": "create",
    "delete": "delete",
    "scale": "scale",
    "label": "label",
    "patch": "patch",
    "restart": "restart",
    "wait": "wait",
    "recreate": "recreate",
    "chaos": "fault",
}


class _Assembly:
    def __init__(self, contents: list[Found | Command], namespace: str) -> None:
        self.default = namespace
        self.steps: list[StepBody] = []
        self.findings: list[Finding] = []
        self.commands = [one for one in contents if isinstance(one, Command)]
        self.documents = [one for one in contents if isinstance(one, Found) and _is_manifest(one.value)]
        self.used: set[int] = set()
        self.home = self._home()
        self.saved: dict[str, dict[str, Any]] = {}
        self.groups, self.file_of = _groups(contents)

    def run(self, contents: list[Found | Command]) -> None:
        lines = {id(one): kubectl_lines.read(one, self.home) for one in self.commands}
        applies = any(line.files for line in lines.values())
        manifests = {id(one) for one in self.documents}
        for one in contents:
            if isinstance(one, Command):
                self._command(one, lines[id(one)])
            elif id(one) in manifests and (one.verb not in ("", "file") or not applies):
                self._bring(one, one.verb if one.verb not in ("", "file") else "apply")
        for one in self.documents:  # what no line ever named
            if id(one) not in self.used:
                self._bring(one, "apply")

    def _command(self, command: Command, line: kubectl_lines.Line) -> None:
        if line.finding is not None:
            self.findings.append(line.finding)
        self.steps += [_named(step, self.steps) for step in line.steps]
        if line.backup is not None:
            self.saved[line.backup[0]] = line.backup[1]
        for verb, file in line.files:
            saved = self.saved.get(file.rpartition("/")[2])
            if saved is not None and verb != "delete":
                self._back(saved)
                continue
            matching = self._of_file(file)
            if not matching:
                said = f"the answer's line {command.line} takes {file[:80]!r}, which is not in the answer"
                self.findings.append(problem("reply/command", said, severity="warning", line=command.line))
            for one in matching:
                self._contradiction(line.namespace, one, command)
                self._bring(one, verb)

    def _back(self, saved: dict[str, Any]) -> None:
        """An object is applied as it was saved: it comes back where a step has deleted it, and stays as it is where none has."""
        target = {"namespace": self.home} | {key: value for key, value in saved.items() if value}
        deleted = any({"namespace": self.home} | mapping(step.get("delete")) == target for step in self.steps if "delete" in step)
        if deleted:
            self.steps.append(_named({"recreate": target}, self.steps))

    def _of_file(self, file: str) -> list[Found]:
        """The documents that a file name stands for: those under that name, else the first group that no other name has taken."""
        base = file.rpartition("/")[2]
        if base not in self.file_of and self.groups:
            self.file_of[base] = self.groups.pop(0)
        if base not in self.file_of and len(self.file_of) == 1 and not self.used and base != "-":
            return next(iter(self.file_of.values()))  # one manifest, called otherwise in the text around it
        return self.file_of.get(base, [])

    def _contradiction(self, namespace: str, one: Found, command: Command) -> None:
        manifest = mapping(one.value)
        said_there = reference_of(manifest).namespace
        if namespace and said_there and namespace != said_there:
            said = (
                f"the command says namespace {namespace}, the manifest of {reference_of(manifest)} says {said_there}; kubectl refuses that"
            )
            self.findings.append(problem("reply/contradiction", said, line=command.line))

    def _held(self, fault: int) -> None:
        """A fault is removed at the end of its hold: pauses between the two, with nothing else between them, are that hold."""
        pauses = self.steps[fault + 1 :]
        if pauses and all(_for(step) for step in pauses):
            del self.steps[fault + 1 :]
            whole = sum(seconds(_for(step)) or 0 for step in pauses)
            self.steps[fault].setdefault("hold", f"{whole:g}s")

    def _bring(self, one: Found, verb: str) -> None:
        self.used.add(id(one))
        manifest = dict(one.value)
        metadata = mapping(manifest.get("metadata"))
        ref = reference_of(manifest)
        if not ref.namespace and ref.kind not in kubectl_lines._CLUSTER:
            manifest["metadata"] = {**metadata, "namespace": self.home}
            ref = reference_of(manifest)
        target = {"kind": ref.kind, "name": ref.name} | ({"namespace": ref.namespace} if ref.namespace else {})
        if verb == "delete":
            fault = next((at for at, step in enumerate(self.steps) if "chaos" in step and reference_of(step["chaos"]) == ref), None)
            if fault is None:
                self.steps.append(_named({"delete": target}, self.steps))
            else:
                self._held(fault)
            return
        if verb == "replace --force":
            self.steps.append(_named({"delete": target}, self.steps))
            verb = "create"
        if str(manifest.get("apiVersion", "")).partition("/")[0] in ENGINE_GROUPS:
            step: StepBody = {"chaos": manifest}
            lasts = fault_length(manifest)
            self.steps.append(_named(step, self.steps) | ({"hold": lasts} if lasts else {}))
        else:
            self.steps.append(_named({"create" if verb == "create" else "apply": manifest}, self.steps))

    def _home(self) -> str:
        """The namespace of what names none: the one that all other manifests name, else the one that was asked for."""
        named = {reference_of(mapping(one.value)).namespace for one in self.documents} - {""}
        return named.pop() if len(named) == 1 else self.default


def _for(step: StepBody) -> str:
    time = mapping(step.get("wait")).get("for")
    return time if isinstance(time, str) else ""


def assemble(contents: list[Found | Command], idea: Idea, namespace: str) -> tuple[dict[str, Any] | None, list[Finding]]:
    """The document of an experiment, and what of the answer is not in it; None where the answer holds neither manifest nor step."""
    made = _Assembly(contents, namespace)
    made.run(contents)
    if not made.steps:
        return None, made.findings
    spec: dict[str, Any] = {
        "title": idea.title,
        "category": idea.category,
        "hypothesis": idea.hypothesis,
        "rationale": idea.summary,
        "scope": {"namespaces": sorted(set(_namespaces(made.steps)))},
        "deadline": _deadline(made.steps),
        "steps": made.steps,
    }
    document = {
        "apiVersion": "aichaos/v1",
        "kind": "Experiment",
        "metadata": {"name": idea.id},
        "spec": {k: v for k, v in spec.items() if v},
    }
    said = f"the answer holds no Experiment; one was made of its manifests and commands ({plural(len(made.steps), 'step')})"
    return document, [problem("reply/assembled", said, severity="info"), *made.findings]


def commands_beside(contents: list[Found | Command], document: dict[str, Any], namespace: str) -> Iterator[Finding]:
    """Where an answer has an experiment and command lines as well: lines that change what no step of the experiment changes."""
    touched = {_subject(step) for step in sequence(mapping(document.get("spec")).get("steps"))}
    for one in contents:
        if not isinstance(one, Command):
            continue
        line = kubectl_lines.read(one, namespace)
        for step in line.steps:
            subject = _subject(step)
            if "wait" not in step and subject not in touched:
                line_of = " ".join(one.text.split())[:100]
                said = f"a command of the answer contradicts its YAML: `{line_of}` changes {'/'.join(subject)}, which no step does"
                yield problem("reply/contradiction", said, severity="warning", line=one.line)
        if line.finding is not None:
            yield problem("reply/command", line.finding.message, severity="info", line=one.line)


def _groups(contents: list[Found | Command]) -> tuple[list[list[Found]], dict[str, list[Found]]]:
    """Manifests that stand without a command between them and without a name, group by group; and those that have a file name, by it."""
    nameless: list[list[Found]] = []
    named: dict[str, list[Found]] = {}
    going_on = False
    for one in contents:
        if isinstance(one, Command):
            going_on = False
        elif _is_manifest(one.value) and one.verb in ("", "file"):
            if one.name:
                named.setdefault(one.name, []).append(one)
                going_on = False
            elif going_on and one.piece == nameless[-1][-1].piece:
                nameless[-1].append(one)
            else:
                nameless.append([one])
                going_on = True
    return nameless, named


def _is_manifest(value: Any) -> bool:
    held = mapping(value)
    return isinstance(held.get("kind"), str) and isinstance(held.get("apiVersion"), str) and not held["apiVersion"].startswith("aichaos/")


def _subject(step: Any) -> tuple[str, str, str]:
    body = next((body for verb, body in mapping(step).items() if isinstance(body, dict) and verb != "wait"), {})
    if "metadata" in body:
        ref = reference_of(body)
        return ref.kind, ref.namespace, ref.name
    return str(body.get("kind", "")), str(body.get("namespace", "")), str(body.get("name", ""))


def _namespaces(steps: list[StepBody]) -> Iterator[str]:
    for step in steps:
        namespace = _subject(step)[1]
        if namespace:
            yield namespace
        for body in step.values():
            selector = mapping(mapping(mapping(body).get("spec")).get("selector"))
            yield from (name for name in sequence(selector.get("namespaces")) if isinstance(name, str))


def _named(step: StepBody, before: list[StepBody]) -> StepBody:
    verb = next(iter(step))
    return {"name": f"{_WORDS.get(verb, verb)}-{len(before) + 1}"} | step


def fault_length(manifest: dict[str, Any]) -> str:
    """How long the fault of a chaos object lasts by its own words, as a Go duration; "" where it does not say or cannot be read."""
    spec = mapping(manifest.get("spec"))
    duration = spec.get("duration")
    if isinstance(duration, str) and seconds(duration):
        return duration
    for experiment in sequence(spec.get("experiments")):
        components = mapping(mapping(mapping(experiment).get("spec")).get("components"))
        for entry in sequence(components.get("env")):
            value = mapping(entry).get("value")
            if mapping(entry).get("name") == "TOTAL_CHAOS_DURATION" and isinstance(value, str) and value.isdigit():
                return f"{int(value)}s"
    return ""


def _deadline(steps: list[StepBody]) -> str:
    """Room for every hold and wait and some minutes."""
    times = [step.get("hold") or mapping(step.get("wait")).get("for") or mapping(step.get("wait")).get("timeout") for step in steps]
    whole = sum(seconds(time) or 0 for time in times if isinstance(time, str))
    return f"{max(5, int(whole // 60) + 3)}m"
