"""What `aichaos doctor` looks at: one question a line, each answered with ok, warning, error or skipped, and what to do about it."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from aichaos.ask import registry
from aichaos.ask.protocol import Options
from aichaos.domain.snapshot import Snapshot
from aichaos.errors import AichaosError
from aichaos.observe import source
from aichaos.settings import Settings

Status = Literal["ok", "warning", "error", "skipped"]


class Diagnosed(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `skipped` says that it could not be looked at, never that it is fine."""

    question: str
    status: Status
    message: str
    hint: str = ""


def diagnose(settings: Settings, choice: source.Choice) -> Iterator[Diagnosed]:
    """The answers, in the order in which one would put things right."""
    yield Diagnosed(question="python", status="ok", message=f"{sys.version.split()[0]} at {sys.executable}")
    yield _kubectl()
    yield _folder(Path(settings["out"]).expanduser())
    yield _backend(settings)
    yield from _cluster(choice)


def _kubectl() -> Diagnosed:
    path = shutil.which("kubectl")
    if path:
        return Diagnosed(question="kubectl", status="ok", message=path)
    return Diagnosed(
        question="kubectl", status="warning", message="not on the PATH", hint="Only needed to type the suggested commands by hand."
    )


def _folder(out: Path) -> Diagnosed:
    existing = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return Diagnosed(question="folder for suggestions", status="ok", message=str(out))
    return Diagnosed(
        question="folder for suggestions", status="error", message=f"{existing} can't be written to", hint="Choose another one with --out."
    )


def _backend(settings: Settings) -> Diagnosed:
    name, origin = settings["backend"], settings.origin("backend")
    try:
        backend = registry.open_backend(name, Options(model=settings["model"], base_url=settings["base_url"]))
    except AichaosError as error:
        return Diagnosed(question="backend", status="error", message=str(error), hint=error.hint)
    model = f", model {backend.model}" if backend.model else ""
    return Diagnosed(question="backend", status="ok", message=f"{backend.name}{model} (chosen by {origin})")


def _cluster(choice: source.Choice) -> Iterator[Diagnosed]:
    try:
        snapshot = source.take(choice)
    except AichaosError as error:
        yield Diagnosed(question="cluster", status="error", message=str(error), hint=error.hint)
        for question in ("reading rights", "Gateway API", "chaos engines"):
            yield Diagnosed(question=question, status="skipped", message="the cluster could not be read")
        return
    counts = snapshot.counts()
    yield Diagnosed(
        question="cluster", status="ok", message=f"{snapshot.source.cluster}: {sum(counts.values()):,} objects of {len(counts)} kinds"
    )
    yield _rights(snapshot)
    yield _gateway_api(snapshot)
    yield _engines(snapshot)


def _rights(snapshot: Snapshot) -> Diagnosed:
    unread = [f"{gap.kind} ({gap.reason})" for gap in snapshot.telling_gaps()]
    if not unread:
        return Diagnosed(question="reading rights", status="ok", message="every kind could be read")
    return Diagnosed(
        question="reading rights",
        status="warning",
        message=f"could not be read: {', '.join(unread)}",
        hint="What can't be read can't be checked; ask for get and list on these kinds, or name a namespace with -n.",
    )


def _gateway_api(snapshot: Snapshot) -> Diagnosed:
    if any(gap.kind == "HTTPRoute" and gap.reason == "absent" for gap in snapshot.gaps):
        return Diagnosed(question="Gateway API", status="warning", message="not installed", hint="Route scenarios need its CRDs.")
    controllers = sorted({found.spec.controller_name for found in snapshot.gateway_classes})
    if controllers:
        return Diagnosed(question="Gateway API", status="ok", message=f"controllers {', '.join(controllers)}")
    return Diagnosed(question="Gateway API", status="warning", message="no GatewayClass", hint="Without one no Gateway carries traffic.")


def _engines(snapshot: Snapshot) -> Diagnosed:
    if not snapshot.engines:
        message = "none: what needs one (latency, loss, stress) is not suggested"
        return Diagnosed(question="chaos engines", status="ok", message=message, hint="Chaos Mesh or Litmus would add it.")
    found = [f"{engine.name} {engine.release or '(release unknown)'}" for engine in snapshot.engines]
    return Diagnosed(question="chaos engines", status="ok", message=", ".join(found))
