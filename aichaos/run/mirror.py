"""A copy of the journal in the cluster: a ConfigMap that holds what is needed to put everything back when this machine is gone.

It is the journal's own lines, signed as they are; the key stays outside. It is written before each change, like the file, and goes when
the run has ended well.
"""

import time

from aichaos.cluster.writer import Found, Unread, Writer
from aichaos.domain.running import Change, Conflict, Done, Missing, Place, Refused
from aichaos.errors import AichaosError
from aichaos.files.plain import at, text
from aichaos.run import own
from aichaos.run.marks import ours

KEY = "journal.jsonl"
LARGEST = 1_000_000
"""Bytes; etcd takes about 1.5 MiB a request, the API 1 MiB of data."""
_ATTEMPTS = 6


def place(run: str, namespace: str) -> Place:
    return own.config_map(f"aichaos-run-{run}", namespace)


class Mirror:
    """The ConfigMap of one run, as its own process writes it."""

    def __init__(self, writer: Writer, run: str, namespace: str) -> None:
        self.writer = writer
        self.place = place(run, namespace)
        self.run = run
        self._lines = b""
        self._made = False

    def add(self, line: bytes) -> None:
        """Keep a line. Only what has to be known before a change is sent reaches the cluster at once; the rest goes with the next one.

        Raises AichaosError where it can't be kept: then the change is not sent.
        """
        self._lines += line
        if b'"entry":"intent"' in line[:120] or b'"entry":"opened"' in line[:120]:
            self._write()

    def _write(self) -> None:
        if len(self._lines) > LARGEST:
            raise AichaosError("the journal is larger than a ConfigMap takes", hint="Fewer or smaller objects, or --no-cluster-journal.")
        data = {KEY: self._lines.decode()}
        why = ""
        for tries in range(_ATTEMPTS):
            outcome = self.writer.send(Change(verb="patch", place=self.place, body={"data": data}))
            if isinstance(outcome, Missing) and self._made:
                raise AichaosError(
                    f"the journal in the cluster ({self.place}) is gone: somebody has removed it", hint="Everything goes back."
                )
            if isinstance(outcome, Missing):
                outcome = self.writer.send(own.config_map_of(self.place, data, ours(self.run, self.writer.approval)))
            if isinstance(outcome, Done) or self._is_there():
                self._made = True
                return
            why = getattr(outcome, "why", "") or f"there is no namespace {self.place.namespace}"
            if isinstance(outcome, Refused | Missing):
                break
            time.sleep(0.02 * 2**tries)
        hint = "Give the right to write ConfigMaps there, or leave it out with --no-cluster-journal."
        raise AichaosError(f"the journal can't be kept in the cluster ({self.place}): {why}", hint=hint)

    def _is_there(self) -> bool:
        found = self.writer.read(self.place)
        return isinstance(found, Found) and text(at(found.object, "data", KEY)) == self._lines.decode()


def kept(writer: Writer, where: Place) -> bytes | Unread:
    """What a copy holds, b"" where there is none; it is asked for again a few times."""
    tries = 0
    while isinstance(sight := writer.read(where), Unread):
        tries += 1
        if sight.refused or tries == _ATTEMPTS:
            return sight
        time.sleep(0.02 * 2.0**tries)
    return text(at(sight.object, "data", KEY)).encode() if isinstance(sight, Found) else b""


def remove(writer: Writer, where: Place) -> None:
    """A run that ended well needs no copy. One that stays does no harm: its journal says that it has ended."""
    for _ in range(_ATTEMPTS):
        if not isinstance(writer.send(Change(verb="delete", place=where)), Conflict):
            return
