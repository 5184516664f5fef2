"""Which run is active in the cluster, whoever started it: asked beside the pages, so that a cluster that does not answer delays none."""

import threading
import time

import msgspec

from aichaos.errors import AichaosError, NoClusterError
from aichaos.run import listing
from aichaos.serving.manner import Manner

FRESH = 10.0
"""Seconds for which an answer counts."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """active: at most one. trouble: why nobody could be asked; "" where somebody was, or where there is no cluster to ask."""

    active: list[listing.Active] = []
    trouble: str = ""


class Cluster:
    """The last answer, and a thread that asks again when it is old."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._lock = threading.Lock()
        self._seen = Seen()
        self._asked = 0.0
        self._asking = False
        self._none = not manner.cluster

    def seen(self) -> Seen:
        """What is known, at once."""
        with self._lock:
            old = not self._asked or time.monotonic() - self._asked > FRESH
            if old and not self._asking and not self._none:
                self._asking = True
                threading.Thread(target=self._ask, name="aichaos-serve-cluster", daemon=True).start()
            return self._seen

    def _ask(self) -> None:
        none = False
        try:
            seen = Seen(active=listing.active(self._manner.lease, self._manner.kubeconfig, self._manner.context))
        except NoClusterError as error:
            none = self._manner.context is None and self._manner.kubeconfig is None
            seen = Seen(trouble="" if none else str(error))
        except AichaosError as error:
            seen = Seen(trouble=str(error))
        with self._lock:
            self._seen, self._none = seen, none
            self._asking, self._asked = False, time.monotonic()
