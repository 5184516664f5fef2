"""What a person types where the program could not put something back: kubectl lines with every name quoted."""

import shlex
from pathlib import Path

import msgspec

from aichaos.domain.running import Change, Place
from aichaos.files.save import save
from aichaos.run import state


def commands(run: str, change: Change | None, place: Place) -> tuple[str, ...]:
    """The lines for one change; an object to be made again is saved in the run's folder, for the line to name it."""
    if change is None:
        return (f"kubectl get {_named(place)} -o yaml",)
    match change.verb:
        case "delete":
            return (f"kubectl delete {_named(place)}",)
        case "patch":
            patch = shlex.quote(msgspec.json.encode(change.body).decode())
            return (f"kubectl patch {_named(place)} --type=merge -p {patch}",)
        case "create":
            return (f"kubectl create -f {shlex.quote(str(_saved(run, change)))}",)


def _saved(run: str, change: Change) -> Path:
    place = change.place
    name = "-".join(part for part in (place.kind, place.namespace, place.name) if part).lower().replace("/", "-").replace(":", "-")
    path = state.folder(run) / "left-over" / f"{name}.json"
    save(path, msgspec.json.format(msgspec.json.encode(change.body), indent=2).decode() + "\n")
    return path


def _named(place: Place) -> str:
    kind = f"{place.resource}.{place.group}" if place.group else place.resource
    named = shlex.quote(f"{kind}/{place.name}")
    return f"{named} -n {shlex.quote(place.namespace)}" if place.namespace else named
