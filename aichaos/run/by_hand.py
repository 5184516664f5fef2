"""What a person types where the program could not put something back: kubectl lines with every name quoted."""

import shlex
from pathlib import Path

import msgspec

from aichaos.cluster.writer import collection
from aichaos.domain.running import Change, Manifest, Place
from aichaos.files.save import save
from aichaos.run import state
from aichaos.run.likeness import NOTHING, as_it_was, at

_APPLIED = ("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")


def commands(run: str, change: Change | None, place: Place, again: Manifest | None = None) -> tuple[str, ...]:
    """The lines for one change; an object to be made again is saved in the run's folder, for the line to name it. again: an object as it
    is, that is deleted only to be made again."""
    if change is None:
        return (f"kubectl get {_named(place)} -o yaml",)
    match change.verb:
        case "delete":
            then = () if again is None else commands(run, Change(verb="create", place=place, body=as_it_was(again)), place)
            return (f"kubectl delete {_named(place)}", *then)
        case "patch":
            patch = shlex.quote(msgspec.json.encode(change.body).decode())
            return (f"kubectl patch {_named(place)} --type=merge -p {patch}",)
        case "create":
            # as it is sent by us: with a file alone, kubectl would write its own note of what was applied anew
            raw = f" --raw {shlex.quote(collection(place))}" if at(change.body, _APPLIED) is not NOTHING else ""
            return (f"kubectl create -f {shlex.quote(str(_saved(run, change)))}{raw}",)


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
