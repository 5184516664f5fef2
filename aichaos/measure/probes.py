"""Asking the probes of an experiment: each call is one Sample, and whatever goes wrong is said in it."""

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from aichaos.cluster.paths import path
from aichaos.cluster.reader import Reader
from aichaos.domain import clock
from aichaos.domain.experiment import METHODS, HTTPProbe, Probe, PrometheusProbe
from aichaos.domain.limits import status_fits
from aichaos.domain.network import EndpointSlice
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.promises import LATENCIES, askable, promises
from aichaos.domain.sample import Sample
from aichaos.errors import SourceError, UsageError
from aichaos.measure import conditions, http, prometheus
from aichaos.measure.whom import Address, Resolve, Whom, endpoints, tellers, whom
from aichaos.observe.topology import Topology

TIMEOUT = 2.0
"""Seconds that an answer may take; more where the probe's tolerance allows more."""


LOOK_AGAIN = 2.0
"""Seconds between two looks at the endpoints of a namespace for an answer that names none of those known, or for one that names an endpoint
of nobody that is expected."""


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """What the user gave along. resolve: addresses for Gateways, Services and hosts. prometheus: its URL."""

    resolve: tuple[Resolve, ...] = ()
    prometheus: str | None = None
    policy: Policy = NO_POLICY


class _Teller(NamedTuple):
    """The backend that answered, `ns/name`; None where that can't be told, and why."""

    backend: str | None
    why: str


class Prober:
    """Asks probes of one cluster; safe to use from several threads.

    reader: for conditions and for the endpoints that change; None for a cluster that is only a file: then neither can be told.
    """

    def __init__(self, topology: Topology, reader: Reader | None, ways: Ways = Ways()) -> None:  # noqa: B008  frozen
        self._topology = topology
        self._reader = reader
        self._ways = ways
        self._conditions = conditions.Conditions(reader) if reader is not None else None
        self._chosen: dict[tuple[str, ...], tuple[Whom, Address | None]] = {}
        self._look_again = 0.0
        self._believed: dict[str, float] = {}
        """When it was last looked whose an endpoint is that an unexpected answer has named."""
        self._preferred: dict[str, frozenset[str]] = {}
        self._tellers = tellers(topology.snapshot.endpoint_slices)

    def prepare(self, probes: Sequence[Probe]) -> None:
        """Refuses what could never be asked, and chooses an address for each. Raises UsageError, which names the probe."""
        for probe in probes:
            try:
                self._prepare(probe)
            except UsageError as error:
                raise UsageError(f"the probe {probe.name!r}: {error}", hint=error.hint) from error

    def _prepare(self, probe: Probe) -> None:
        askable(probe)
        if probe.http is not None:
            allowed = METHODS
            if probe.http.method not in allowed and not self._ways.policy.allows(probe.http.method):
                hint = f"A probe only asks: {', '.join(allowed)}; the policy can allow others by name."
                raise UsageError(f"it sends {probe.http.method[:20]!r}", hint=hint)
            self._whom(probe.http)
        elif probe.kubernetes is not None:
            conditions.reference(probe.kubernetes.object)

    def prefer(self, probe: str, services: Iterable[str]) -> None:
        """Which Services (`ns/name`) a probe's answers are likely to come from: a pod can stand behind several, and then it is one of these
        that answered."""
        self._preferred[probe] = frozenset(services)

    def ask(self, probe: Probe) -> Sample:
        """One sample. Raises UsageError for what `prepare` refuses."""
        at = clock.now()
        if probe.http is not None:
            found = self._http(probe.name, probe.http, _timeout(probe))
        elif probe.kubernetes is not None:
            found = self._kubernetes(probe.kubernetes.object, probe.kubernetes.condition)
        else:
            assert probe.prometheus is not None
            found = self._prometheus(probe.prometheus)
        return Sample(probe=probe.name, at=at, **found)

    # --- HTTP

    def _http(self, name: str, probe: HTTPProbe, timeout: float) -> dict[str, Any]:
        asked, address = self._whom(probe)
        address = address or self._endpoint(asked)
        if address is None:
            return {"outcome": "bad", "why": f"{asked.called} has no ready endpoint"}
        try:
            answer = http.ask(probe, asked, address, timeout)
        except http.Failure as failure:
            return {"outcome": "bad", "why": str(failure), "slow": failure.slow}
        found: dict[str, Any] = {"seconds": answer.seconds, "status": answer.status}
        expect = probe.expect
        told = self._teller(name, probe, asked, answer)
        found |= {"backend": told.backend} if told.backend else {}
        if not status_fits(expect.status or "200-399", answer.status):
            return found | {"outcome": "bad", "why": f"it answered {answer.status}, expected {expect.status or '200-399'}"}
        if expect.body is not None and expect.body.encode() not in answer.body:
            return found | {"outcome": "bad", "why": f"the answer does not hold {expect.body[:60]!r}"}
        if expect.header is not None and not _has_header(answer, expect.header):
            return found | {"outcome": "bad", "why": f"the answer has no header {expect.header[:60]!r}"}
        if expect.backend is None or told.backend == expect.backend:
            return found | {"outcome": "good"}
        if told.backend is None:
            return found | {"outcome": "none", "why": told.why}
        return found | {"outcome": "bad", "why": f"{told.backend} answered, expected {expect.backend}"}

    def _whom(self, probe: HTTPProbe) -> tuple[Whom, Address | None]:
        """Who is asked, and at which address; None for a Service's endpoints, which come and go."""
        key = probe.url, probe.via or "", *(value for name, value in probe.headers.items() if name.lower() == "host")
        if key not in self._chosen:
            asked = whom(probe, self._topology, self._ways.policy, self._ways.resolve)
            address = next((one for one in asked.addresses if http.reachable(one)), None)
            if address is None and asked.service is None:
                address = asked.addresses[0]
            self._chosen[key] = asked, address
        return self._chosen[key]

    def _endpoint(self, asked: Whom) -> Address | None:
        assert asked.service is not None
        service = self._topology.services[asked.service]
        ready = endpoints(service, asked.port, [one for one in self._slices(service.namespace) if one.service_name == service.name])
        return ready[int(time.monotonic() * 1000) % len(ready)] if ready else None

    def _slices(self, namespace: str) -> list[EndpointSlice]:
        if self._reader is None:
            return [one for one in self._topology.snapshot.endpoint_slices if one.namespace == namespace]
        try:
            return self._reader.list_all(path("discovery.k8s.io/v1", "endpointslices", namespace), EndpointSlice, _itself).items
        except SourceError:
            return []  # then nothing can be told of them, which the sample says

    def _teller(self, name: str, probe: HTTPProbe, asked: Whom, answer: http.Answer) -> "_Teller":
        """Which Service's endpoint answered, by the names that the answer gives of it."""
        expected = probe.expect.backend or ""
        namespace = expected.partition("/")[0] or asked.namespace
        told = http.names(answer)
        if not told:
            return _Teller(None, "the answer does not say which backend gave it")
        found = self._owners(told, namespace)
        wanted = frozenset({expected}) if expected else self._preferred.get(name, frozenset())
        if not found and (expected or time.monotonic() > self._look_again):
            self._look_again = time.monotonic() + LOOK_AGAIN
            found = self._owners_now(told, namespace, {namespace})
        elif found and wanted and wanted.isdisjoint(map("/".join, found)) and self._is_doubtful(told[0]):
            found = self._owners_now(told, namespace, {one.partition("/")[0] for one in wanted})
        if not found:
            return _Teller(None, f"the answer says {told[0][:60]!r}, which is no Service and no endpoint of one")
        services = {"/".join(one) for one in found}
        if expected in services:
            return _Teller(expected, "")
        return _Teller(min(services & self._preferred.get(name, frozenset()) or services), "")

    def _is_doubtful(self, name: str) -> bool:
        """An address is given again: whose it was need not be whose it is."""
        now = time.monotonic()
        if now < self._believed.get(name, 0.0) + LOOK_AGAIN:
            return False
        self._believed[name] = now
        return True

    def _owners_now(self, told: list[str], namespace: str, homes: set[str]) -> set[tuple[str, str]]:
        """The same, by the endpoints that these namespaces have now."""
        self._tellers = self._tellers | tellers([one for home in sorted(homes) for one in self._slices(home)])
        return self._owners(told, namespace)

    def _owners(self, told: list[str], namespace: str) -> set[tuple[str, str]]:
        """The Services that one of these names is, or is an endpoint of."""
        for name in told:
            home, _, service = name.rpartition("/")
            if (home or namespace, service) in self._topology.services:
                return {(home or namespace, service)}
            if found := self._tellers.get(name):
                return found
        return set()

    # --- the others

    def _kubernetes(self, written: str, condition: str) -> dict[str, Any]:
        if self._conditions is None:
            return {"outcome": "none", "why": "conditions can only be asked of a live cluster"}
        try:
            seen = self._conditions.holds(conditions.reference(written), condition)
        except SourceError as error:
            return {"outcome": "none", "why": str(error)}
        return {"outcome": "none" if seen.holds is None else "good" if seen.holds else "bad", "why": seen.why}

    def _prometheus(self, probe: PrometheusProbe) -> dict[str, Any]:
        if self._ways.prometheus is None:
            return {"outcome": "none", "why": "no Prometheus is named: --prometheus URL"}
        seen = prometheus.holds(self._ways.prometheus, probe, prometheus.PATIENCE)
        outcome = "none" if seen.holds is None else "good" if seen.holds else "bad"
        return {"outcome": outcome, "why": seen.why, "value": seen.value, "slow": seen.slow}


def _itself(one: EndpointSlice) -> EndpointSlice:
    return one


def _has_header(answer: http.Answer, expected: str) -> bool:
    """`name` for one that is there, `name: value` for one that holds the value."""
    name, colon, value = expected.partition(":")
    return any(not colon or value.strip() in found for found in answer.header(name.strip()))


def _timeout(probe: Probe) -> float:
    longest = [one.limit.limit for one in promises(probe) if one.measure in LATENCIES]
    return max(TIMEOUT, *(1.5 * one for one in longest)) if longest else TIMEOUT
