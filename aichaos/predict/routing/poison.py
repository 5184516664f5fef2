"""Routes that make the data plane refuse the whole configuration of a port, and with it every later change of any route there.

The standard knows no such thing: a bad route harms nobody else. A gateway that was running keeps answering by its last good table; one that
starts has none.
"""

from collections.abc import Callable, Iterator, Sequence

from aichaos.domain.base import LabelSelector
from aichaos.domain.gateway import Filter
from aichaos.predict.routing import headers
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.entries import broken
from aichaos.predict.routing.profile import Profile

Port = tuple[str, str, int]
"""Namespace and name of a Gateway, and a port."""
Poison = Callable[[Placement, Profile], Iterator[str]]
"""Says what is refused about a route; nothing where all is well."""


def _invalid_regex(placement: Placement, profile: Profile) -> Iterator[str]:
    if broken(placement.route):
        yield "an invalid regular expression is handed to the data plane, which refuses the whole port"


def _percent(placement: Placement, profile: Profile) -> Iterator[str]:
    """Values of headers are format strings to Envoy."""
    for rule in placement.route.spec.rules or ():
        filters: Sequence[Filter] = getattr(rule, "filters", ())
        own = (each for ref in rule.backend_refs or () for each in ref.filters)
        for one in (*filters, *own):
            for change in (one.request_header_modifier, one.response_header_modifier):
                if change is not None and any(headers.broken(header.value) for header in (*change.set, *change.add)):
                    yield "a single % or an unknown variable in a header's value: Envoy refuses the whole port"


def _twice(placement: Placement, profile: Profile) -> Iterator[str]:
    """A hostname that two wildcard listeners of a port cover, and none names exactly, is written into the table twice."""
    listeners = [(reach.listener, host.shared) for reach in placement.reaches for host in reach.hosts]
    for number, (one, host) in enumerate(listeners):
        for other, its in listeners[number + 1 :]:
            if its == host and other is not one and other.listener.port == one.listener.port and other.gateway is one.gateway:
                yield f"the host {host} stands in the table of port {one.listener.port} twice, which Envoy refuses"


def _empty_selector(placement: Placement, profile: Profile) -> Iterator[str]:
    """The controller falls over a listener with `from: Selector` and an empty selector as soon as a route refers to its Gateway."""
    for joined in placement.joined:
        for one in joined.listeners:
            allowed = one.listener.allowed_routes
            namespaces = allowed.namespaces if allowed is not None else None
            if namespaces is not None and namespaces.from_ == "Selector" and namespaces.selector == LabelSelector():
                yield f"listener {one.name} has an empty selector, and the controller falls over it"


POISONS: dict[str, Poison] = {
    "invalid-regex": _invalid_regex,
    "percent": _percent,
    "same-domain-twice": _twice,
    "empty-selector": _empty_selector,
}


def poisoned(placement: Placement, profile: Profile) -> str:
    """Why the ports that a route reaches are refused; "" where they are not."""
    return next((reason for name in profile.poisons for reason in POISONS[name](placement, profile)), "")


def ports(placement: Placement) -> set[Port]:
    return {(reach.listener.gateway.namespace, reach.listener.gateway.name, reach.listener.listener.port) for reach in placement.reaches}
