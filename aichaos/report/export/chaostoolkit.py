"""`chaostoolkit`: an experiment for the program `chaos`, whose rollbacks always run.

Its steps are processes: kubectl by way of the scripts of the kubectl export, which keep and put back. Chaos Toolkit goes on after a step
that fails; so does this export, and the hypothesis is asked again at the end.
"""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from aichaos.domain.experiment import HTTPProbe, Probe
from aichaos.report.export import script
from aichaos.report.export.outline import Exported, File, Move, Outline, waits

_TIMEOUT = 120
"""Seconds for one process beyond what it waits on purpose."""


def export(outline: Outline) -> Exported:
    spec = outline.experiment.spec
    told: list[str] = []
    probes = [found for probe in spec.steady_state if (found := _probe(probe, told)) is not None]
    if spec.abort:
        told.append("the abort probes are left out: Chaos Toolkit has no probe that ends an experiment but its hypothesis")
    method = [_keep(outline), *(_action(move) for move in outline.moves if move.step.verb != "probe")]
    document: dict[str, Any] = {
        "title": spec.title,
        "description": spec.rationale or spec.hypothesis or spec.title,
        "tags": [tag for tag in ("kubernetes", spec.category) if tag],
        "runtime": {"rollbacks": {"strategy": "always"}},
        "configuration": {name: {"type": "env", "key": name.upper()} for name in _gateways(spec.steady_state)},
        **({"steady-state-hypothesis": {"title": spec.hypothesis or spec.title, "probes": probes}} if probes else {}),
        "method": method,
        "rollbacks": [{"type": "action", "name": "undo", "provider": _process("sh", ["undo.sh"], _TIMEOUT)}],
    }
    files = [
        File(name="experiment.json", text=msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"),
        File(name="undo.sh", text=script.undo(outline), program=True),
        File(name="lib.sh", text=script.LIBRARY),
        File(name="step.sh", text=_steps(outline), program=True),
        *script.manifests(outline),
    ]
    looks = [move for move in outline.moves if move.step.verb == "probe"]
    if looks:
        told.append("steps that only look are left out: Chaos Toolkit asks its hypothesis before and after the method")
    variables = "".join(f"{name.upper()}=ADDRESS:PORT " for name in _gateways(spec.steady_state))
    return Exported(files=files, start=f"{variables}chaos run experiment.json", notes=told)


def _keep(outline: Outline) -> dict[str, Any]:
    return {"type": "action", "name": "keep what is there", "provider": _process("sh", ["step.sh", "keep"], _TIMEOUT)}


def _action(move: Move) -> dict[str, Any]:
    held = waits(move.step) or 0
    return {"type": "action", "name": move.text, "provider": _process("sh", ["step.sh", str(move.number)], _TIMEOUT + held)}


def _process(path: str, arguments: list[str], timeout: int) -> dict[str, Any]:
    return {"type": "process", "path": path, "arguments": arguments, "timeout": timeout}


def _steps(outline: Outline) -> str:
    """One step by its number, so that no name of an object stands in the JSON as part of a command."""
    cases = [("keep", ["begin", *script.keep_lines(outline)])]
    cases += [(str(move.number), [*script.lines(move), *(["next_second"] if move.thing else [])]) for move in outline.moves]
    body = [line for name, lines in cases for line in (f"{name})", *[f"  {one}" for one in lines], "  ;;")]
    head = [
        "#!/bin/sh",
        "# One step of the experiment, by its number: step.sh keep, step.sh 1, …",
        "set -eu",
        'cd "$(dirname "$0")"',
        script.mark_line(outline),
        ". ./lib.sh",
    ]
    return "\n".join([*head, 'case "$1" in', *body, '*) say "no step $1"; exit 2 ;;', "esac", ""])


def _gateways(probes: list[Probe]) -> list[str]:
    return list(dict.fromkeys(_variable(probe.http) for probe in probes if probe.http is not None and probe.http.via))


def _variable(probe: HTTPProbe) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in (probe.via or "").lower())


def _probe(probe: Probe, told: list[str]) -> dict[str, Any] | None:
    if probe.http is None:
        told.append(f"the probe {probe.name!r} is left out: only HTTP probes can be asked without an extension")
        return None
    expect = probe.http.expect
    for field, wanted in (("backend", expect.backend), ("body", expect.body), ("header", expect.header)):
        if wanted is not None:
            told.append(f"the probe {probe.name!r} looks at the status alone: its {field} can't be asked for together with it")
    if probe.tolerance:
        told.append(f"the probe {probe.name!r} is asked once: {', '.join(sorted(probe.tolerance))} can't be judged by one answer")
    url = urlsplit(probe.http.url)
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    address = f"http://${{{_variable(probe.http)}}}{path}" if probe.http.via else probe.http.url
    headers = {"Host": url.netloc, **probe.http.headers} if probe.http.via else dict(probe.http.headers)
    exact = (expect.status or "").isdigit()
    tolerance: Any = int(expect.status or 0) if exact else {"type": "range", "target": "status", "range": [200, 399]}
    provider = {"type": "http", "url": address, "method": probe.http.method, "headers": headers, "timeout": 5}
    return {"type": "probe", "name": probe.name, "tolerance": tolerance, "provider": provider}
