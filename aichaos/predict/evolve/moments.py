"""The cluster after each step of an experiment.

Steps fall into different seconds, also where nothing waits between them: `run` makes sure of that, because the age of a route decides.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from aichaos.domain.base import KubeObject, ObjectRef, reference
from aichaos.domain.experiment import Step, Until, seconds
from aichaos.domain.kinds import KINDS
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.workloads import Deployment, Pod
from aichaos.observe.topology import Topology
from aichaos.predict.evolve.controllers import settle
from aichaos.predict.evolve.draft import Change, Draft
from aichaos.predict.evolve.faults import FOREVER, Active, injected
from aichaos.predict.evolve.server import Refused, Server, Unknown, manifest_of, missing, placed_ref

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_AGED = (
    *("listener_sets", "http_routes", "grpc_routes", "tls_routes", "tcp_routes", "udp_routes", "backend_tls_policies"),
    *("virtual_services", "destination_rules"),
)
_LONGEST = 86_400.0
"""Seconds of one wait that are believed."""


class InVain(Refused):
    """A wait for something that does not come; the text says what is instead, for people."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster at one moment. changes: what differs from the moment before. faults: those that last now. refused: why the
    step would fail; None where it would not. idle: whether what the step writes is there already; None for one that writes nothing.
    notes: for people."""

    snapshot: Snapshot
    changes: list[Change]
    faults: tuple[Active, ...] = ()
    refused: str | None = None
    idle: bool | None = None
    notes: tuple[str, ...] = ()


class Course:
    """A cluster on its way through an experiment, and back. first: as it was found, with every age that is not known made so."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.first = dated(snapshot)
        self.gone: dict[ObjectRef, KubeObject] = {}
        """What was deleted, as it was."""
        self._original = Draft(self.first)  # never written to
        self._draft = self._original.copy()
        self._changed: dict[ObjectRef, Change] = {}
        self._began = self._now = _latest(self.first)
        self._faults: tuple[Active, ...] = ()
        self._made = 0

    @property
    def now(self) -> Snapshot:
        return self._draft.snapshot

    @property
    def faults(self) -> tuple[Active, ...]:
        """Those that last now."""
        return self._faults

    @property
    def changes(self) -> list[Change]:
        """What differs now from the beginning: each object as it was found and as it is."""
        return [change for change in self._changed.values() if change[0] != change[1]]

    def original(self, ref: ObjectRef) -> KubeObject | None:
        """An object as it was found."""
        return self._original.get(ref)

    def copy(self) -> "Course":
        """The same cluster at the same moment, to go on another way."""
        other = Course.__new__(Course)
        other.__dict__.update(self.__dict__)
        other._draft = self._draft.copy()
        other.gone, other._changed = dict(self.gone), dict(self._changed)
        return other

    def again(self) -> "Course":
        """The same cluster at the beginning of this course."""
        other = Course.__new__(Course)
        other.__dict__.update(self.__dict__)
        other._draft = self._original.copy()
        other.gone, other._changed, other._faults = {}, {}, ()
        other._now, other._made = self._began, 0
        return other

    def exists(self, ref: ObjectRef) -> bool:
        return self._draft.exists(ref)

    @property
    def brought(self) -> list[ObjectRef]:
        """What is there now and was not at first, of kinds that a Snapshot does not hold."""
        return sorted(set(self.now.others) - set(self.first.others))

    def before(self) -> Moment:
        return Moment(snapshot=self.first, changes=[])

    def step(self, step: Step) -> Moment:
        """The cluster after one more step. What the server would refuse changes nothing, and is a note."""
        return self._turn(lambda server: self._do(step, server), length(step))

    def pass_over(self, step: Step) -> Moment:
        """The time that a step takes, without the step."""
        return self._turn(lambda server: set(), length(step))

    def apply(self, obj: KubeObject) -> Moment:
        """The manifest of an object applied, as somebody would who has kept it."""

        def write(server: Server) -> set[ObjectRef]:
            if self._draft.get(reference(obj)) is None:
                server.bring_back(obj)
            else:
                server.apply(manifest_of(obj))
            return set()

        return self._turn(write, 0.0)

    def back(self, obj: KubeObject) -> Moment:
        """An object as it once was: made again where it is gone, written over where it is still there. Faults are over by then."""
        self._over()

        def write(server: Server) -> set[ObjectRef]:
            there = self._draft.get(reference(obj))
            if there is None:
                server.bring_back(obj)
            else:
                server.replace(there, obj)
            return set()

        return self._turn(write, 0.0)

    def remove(self, ref: ObjectRef) -> Moment:
        """An object taken away. Faults are over by then."""
        self._over()

        def write(server: Server) -> set[ObjectRef]:
            there = self._draft.get(ref)
            if there is not None:
                server.remove(there)
            else:
                self._draft.drop(ref)
            return set()

        return self._turn(write, 0.0)

    def _turn(self, write: Callable[[Server], set[ObjectRef]], waited: float) -> Moment:
        self._now += timedelta(seconds=1)
        self._end([one for one in self._faults if one.until <= self._now])
        before = Topology(self._draft.snapshot)
        server = Server(self._draft, self._now.strftime(_FORMAT), self._made)
        refused: str | None = None
        rolled: set[ObjectRef] = set()
        notes: list[str] = []
        try:
            rolled = write(server)
        except Unknown as why:
            notes = [f"what this does is not known: {why}"]
        except Refused as refusal:
            refused = str(refusal)
            notes = [f"{'this would wait in vain' if isinstance(refusal, InVain) else 'the server would refuse this'}: {refused}"]
        self.gone.update({reference(old): old for old, new in self._draft.changes if old is not None and new is None})
        notes += settle(self._draft, server, before, rolled)
        self._made = server.made
        snapshot, changes = self._draft.commit()
        for old, new in changes:
            ref = reference(old or new)  # type: ignore[arg-type]
            self._changed[ref] = (self._changed[ref][0] if ref in self._changed else old, new)
        self._now += timedelta(seconds=waited)
        return Moment(
            snapshot=snapshot, changes=changes, faults=self._faults, refused=refused, idle=server.idle and not changes, notes=tuple(notes)
        )

    def _do(self, step: Step, server: Server) -> set[ObjectRef]:
        """One step; the workloads whose pods it has replaced."""
        if step.create is not None:
            server.create(step.create)
        elif step.apply is not None:
            server.apply(step.apply)
        elif step.chaos is not None:
            server.create(step.chaos)
            self._inject(step)
        elif step.delete is not None:
            ref = server.delete(step.delete)
            self._end([one for one in self._faults if one.ref == ref])  # an engine ends a fault when its object goes
        elif step.recreate is not None:
            ref = placed_ref(step.recreate.ref)
            if ref not in self.gone:
                raise Refused(f"what {ref} was is not known: no step has deleted it")
            server.bring_back(self._original.get(ref) or self.gone[ref])  # as it was found, whatever earlier steps changed
        elif step.patch is not None:
            server.patch(step.patch)
        elif step.label is not None:
            server.label(step.label)
        elif step.scale is not None:
            server.scale(step.scale)
        elif step.wait is not None and step.wait.until is not None:
            self._wait(step.wait.until)
        elif step.restart is not None:
            return {reference(server.restart(step.restart))}
        return set()

    def _wait(self, until: Until) -> None:
        """What is foretold to hold takes no time. Raises InVain for what never will; conditions that nobody here knows are taken to."""
        ref = placed_ref(ObjectRef.of(until.object))
        there = self._draft.get(ref)
        if there is None and not self._draft.exists(ref):
            raise missing(self._draft, ref, InVain)
        match there, until.condition:
            case Pod(), "Ready" if not there.ready and there.status.conditions:
                raise InVain(f"{ref} is not ready, and nothing makes it so")
            case Deployment(), "Available" if there.status.ready_replicas < there.replicas - there.replicas // 4:
                raise InVain(
                    f"{there.status.ready_replicas} of {there.replicas} pods of {ref} are ready, and nothing makes more of them so"
                )

    def _inject(self, step: Step) -> None:
        held = seconds(step.hold) if step.hold else None
        for one in injected(step.chaos or {}, Topology(self._draft.snapshot)):
            lasts = held if held is not None else one.seconds
            until = self._now + timedelta(seconds=min(lasts, _LONGEST)) if lasts is not None else FOREVER
            begun = msgspec.structs.replace(one, until=until)
            begun.hurt(self._draft)
            self._faults = (*self._faults, begun)

    def _end(self, ended: list[Active]) -> None:
        for one in ended:
            one.heal(self._draft)
        self._faults = tuple(one for one in self._faults if one not in ended)

    def _over(self) -> None:
        self._end(list(self._faults))


def length(step: Step) -> float:
    """Seconds that a step takes beyond its own one: a wait for a condition is taken to take none."""
    waited = step.hold or (step.wait.for_ if step.wait else None)
    return min(seconds(waited) or 0.0, _LONGEST) if waited else 0.0


def _latest(snapshot: Snapshot) -> datetime:
    """A moment after everything in a snapshot was made."""
    stamps = [snapshot.source.taken or ""]
    stamps += [obj.metadata.creation_timestamp or "" for kind in KINDS for obj in getattr(snapshot, kind.field)]
    try:
        return max(datetime.fromisoformat(max(stamps)), _EPOCH)
    except (ValueError, TypeError):
        return _EPOCH


def dated(snapshot: Snapshot) -> Snapshot:
    """A cluster without dates is older than all that is made from now on; among themselves its objects stay undecided. Only of the kinds
    whose age decides anything."""
    lists = {}
    for field in _AGED:
        objects: list[KubeObject] = getattr(snapshot, field)
        if any(obj.metadata.creation_timestamp is None for obj in objects):
            lists[field] = [
                obj
                if obj.metadata.creation_timestamp is not None
                else msgspec.structs.replace(obj, metadata=msgspec.structs.replace(obj.metadata, creation_timestamp=""))
                for obj in objects
            ]
    return msgspec.structs.replace(snapshot, **lists) if lists else snapshot
