"""What is foretold: the answer to one request, and the answers before and after every step of an experiment.

The shapes are those of `aichaos route -o json` and `aichaos predict -o json`, field by field.
"""

from typing import Literal

import msgspec

Outcome = Literal["forward", "redirect", "error", "implementation-specific"]
Pairs = tuple[tuple[str, str], ...]
"""Headers: name and value of each line, in order; a name may stand there twice."""


class RequestLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `--requests`: what a client would send."""

    url: str
    method: str = "GET"
    headers: Pairs = ()


class BackendShare(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a part of the requests goes. share: 0..1. service: `ns/name`, None where the reference names no Service.

    status: what this part is answered by the gateway itself (500 for an invalid reference, 503 without a ready endpoint); None where the
    backend answers.
    """

    service: str | None
    port: int | None
    share: float
    ready_endpoints: int = 0
    status: int | None = None


class Received(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The request as the backend sees it. path: with its query. headers: those of the client, as the filters leave them."""

    path: str
    host: str
    headers: Pairs = ()


class Mirror(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where copies of the requests go, whose answers nobody sees. share: of the requests, 0..1. service: `ns/name`."""

    service: str
    port: int | None
    share: float


class Changes(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What becomes of the headers of an answer. set, add: names and values. remove: names."""

    set: Pairs = ()
    add: Pairs = ()
    remove: tuple[str, ...] = ()


class Brief(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one implementation makes of a request."""

    outcome: Outcome
    status: int | None = None
    location: str | None = None
    backends: tuple[BackendShare, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What happens to one request, and why.

    status: what the gateway itself answers; None where a backend answers, or where nothing does (a refused connection).
    listener: `ns/gateway/listener`. route: `ns/name`. rule, match: from 0. implementation: the profile by which this was answered.
    implementations: what the other profiles say; empty where nobody asked them.
    Only where there is any: mirrors, where a backend gets the request and others a copy; response_headers, how the filters of the rule
    change the headers of this answer, whoever gives it; added, for people alone, the headers that a backend receives besides, by the
    gateway itself.
    """

    outcome: Outcome
    status: int | None = None
    location: str | None = None
    listener: str | None = None
    route: str | None = None
    rule: int | None = None
    match: int | None = None
    backends: tuple[BackendShare, ...] = ()
    received: Received | None = None
    why: tuple[str, ...] = ()
    implementation: str = "standard"
    implementations: dict[str, Brief] = {}
    mirrors: tuple[Mirror, ...] | msgspec.UnsetType = msgspec.UNSET
    response_headers: Changes | msgspec.UnsetType = msgspec.UNSET
    added: Pairs | msgspec.UnsetType = msgspec.UNSET

    def because(self, *why: str) -> "Answer":
        """The same answer with more reasons."""
        return msgspec.structs.replace(self, why=(*self.why, *why))

    @property
    def bare(self) -> "Answer":
        """The same answer as scripts get it."""
        return self if self.added is msgspec.UNSET else msgspec.structs.replace(self, added=msgspec.UNSET)

    @property
    def brief(self) -> Brief:
        """The part that a client, or the owner of a backend, could notice."""
        return Brief(outcome=self.outcome, status=self.status, location=self.location, backends=self.backends)

    def alike(self, other: "Answer") -> bool:
        """Whether another answer is the same to clients and owners, by the same route; the reasons may differ."""
        return self.brief == other.brief and self.route == other.route


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a line of `--requests` that says nothing that could be asked."""

    error: str


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a fault does to the requests of a Service while it lasts.

    fault: the object. service: `ns/name`. pods, of: pods of the Service that are hit, and all of them. share: of its requests, 0..1.
    latency_ms: what is added to such a request, from and to; None for a fault that adds none. does: in words.
    """

    fault: str
    service: str
    pods: int
    of: int
    share: float
    does: str
    latency_ms: tuple[float, float] | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The answers after one step, one per request. step: `before`, the step in words, or `restored`.

    effects: faults that last at that moment. notes: what is worth knowing, such as a step that the server would refuse.
    """

    step: str
    outcomes: tuple[Answer, ...]
    effects: tuple[Effect, ...] = ()
    notes: tuple[str, ...] = ()


class Connection(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Whether one side may talk to the other, in each state."""

    from_: str
    to: str
    port: int | str | None
    protocol: str
    allowed: tuple[bool, ...]


class Irreversible(msgspec.Struct, frozen=True, kw_only=True):
    """An object whose original manifest, applied again, does not bring back what was; and what would."""

    object: str
    why: str
    undo: str


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment foretold. states: before, one per step, and restored. restored: whether every answer is what it was.

    notes: what could not be foretold, and why. verdict: what the requests notice of it all, in one line.
    """

    requests: tuple[str, ...]
    states: tuple[State, ...]
    connections: tuple[Connection, ...] = ()
    irreversible: tuple[Irreversible, ...] = ()
    restored: bool = True
    notes: tuple[str, ...] = ()
    verdict: str = ""

    def changes(self, number: int) -> bool:
        """Whether the answer to a request is foretold to be another one at some time."""
        return any(not state.outcomes[number].alike(self.states[0].outcomes[number]) for state in self.states)
