"""The listeners of a Gateway: its own and those of its ListenerSets, and which of them exclude each other.

Source: Gateway API v1.6, `Gateway.spec.listeners`, `ListenerSet`.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec

from aichaos.domain import forms
from aichaos.domain.base import LabelSelector, reference, selects
from aichaos.domain.gateway import Gateway, Listener, ListenerSet
from aichaos.domain.hostnames import EVERY
from aichaos.predict.routing.age import older_first
from aichaos.predict.routing.faults import acceptance, references
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.world import Key, World

_BY_HOST = {"HTTP", "HTTPS", "TLS"}
"""The protocols whose listeners may share a port, told apart by their hostnames."""
_SHARE = [{"HTTP"}, {"HTTPS", "TLS"}]
"""The protocols that may share a port with each other."""


class EffectiveListener(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A listener as a Gateway serves it. host: in lower case, `*` where it names none.

    owner: the Gateway or the ListenerSet that it stands in. conflict: with another listener (`HostnameConflict`, …), or "".
    fault: what else keeps it from serving (`UnsupportedProtocol`, `InvalidCertificateRef`, …), or "".
    """

    gateway: Gateway
    owner: Gateway | ListenerSet
    listener: Listener
    host: str
    conflict: str = ""
    fault: str = ""

    @property
    def serves(self) -> bool:
        return not self.conflict and not self.fault

    @property
    def name(self) -> str:
        return f"{self.owner.namespace}/{self.owner.name}/{self.listener.name}"

    @property
    def tls(self) -> bool:
        return self.listener.protocol in ("HTTPS", "TLS")


def effective(gateway: Gateway, world: World, profile: Profile) -> tuple[EffectiveListener, ...]:
    """All listeners of a Gateway in their order of precedence: its own first, then those of the oldest ListenerSet."""
    found = [_listener(gateway, gateway, one, world) for one in gateway.spec.listeners]
    for owner in listener_sets(gateway, world):
        found += [_listener(gateway, owner, one, world) for one in owner.spec.listeners]
    return tuple(_conflicts(found, first_stays=profile.twin_listeners == "first"))


def listener_sets(gateway: Gateway, world: World) -> list[ListenerSet]:
    """The ListenerSets that the Gateway takes, the oldest first."""
    mine = [
        owner
        for owner in world.listener_sets.values()
        if parent_of(owner) == (gateway.namespace, gateway.name) and admits(gateway, owner.namespace, world)
    ]
    return sorted(mine, key=older_first)


def parent_of(owner: ListenerSet) -> Key:
    parent = owner.spec.parent_ref
    return parent.namespace or owner.namespace, parent.name


def admits(gateway: Gateway, namespace: str, world: World) -> bool:
    """Whether a Gateway takes ListenerSets of a namespace; it takes none unless it says so."""
    namespaces = (gateway.spec.allowed_listeners or {}).get("namespaces") or {}
    match namespaces.get("from"):
        case "All":
            return True
        case "Same":
            return namespace == gateway.namespace
        case "Selector":
            selector = forms.convert(namespaces.get("selector") or {}, LabelSelector)
            return selects(selector, world.labels(namespace))
    return False


def _listener(gateway: Gateway, owner: Gateway | ListenerSet, listener: Listener, world: World) -> EffectiveListener:
    host = (listener.hostname or "").lower() or EVERY
    fault = acceptance(gateway, listener, world) or references(owner, listener, world)
    return EffectiveListener(gateway=gateway, owner=owner, listener=listener, host=host, fault=fault)


def _conflicts(listeners: list[EffectiveListener], *, first_stays: bool) -> Iterator[EffectiveListener]:
    """Listeners that can't be told apart: the first owner's keep their place, and those of one owner are all in conflict.

    first_stays: whether the first of one owner's keeps its place too.
    """
    kept: list[EffectiveListener] = []
    for _, own in groupby(listeners, key=lambda one: reference(one.owner)):
        judged = [(one, _first_conflict(one, kept)) for one in own]
        rest = [one for one, reason in judged if not reason]
        for one, reason in judged:
            rivals = kept if first_stays else [other for other in rest if other is not one]
            found = reason or _first_conflict(one, rivals)
            if not found:
                kept.append(one)
            yield msgspec.structs.replace(one, conflict=found) if found else one


def _first_conflict(one: EffectiveListener, others: Iterable[EffectiveListener]) -> str:
    return next((reason for other in others if (reason := _conflict(one, other))), "")


def _conflict(one: EffectiveListener, other: EffectiveListener) -> str:
    mine, its = one.listener, other.listener
    if mine.port != its.port:
        return ""
    if mine.protocol != its.protocol and not any({mine.protocol, its.protocol} <= family for family in _SHARE):
        return "" if "UDP" in (mine.protocol, its.protocol) else "ProtocolConflict"  # UDP has ports of its own
    if mine.protocol in _BY_HOST and its.protocol in _BY_HOST:
        return "HostnameConflict" if one.host == other.host else ""
    return "ProtocolConflict" if mine.protocol not in _BY_HOST else ""
