"""What a team allows chaos to do: limits and namespaces of their own, kept in the settings under `policy`."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from aichaos.domain.experiment import seconds

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order in which datetime counts them, from 0."""

PROTECTED_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease", "aichaos"})
"""Where the cluster itself lives, and where the lever that stops every run lies."""


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Hours in which faults may run, in UTC, as the controllers of chaos engines keep time. from, to: HH:MM."""

    from_: Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "00:00"
    to: Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")] = "24:00"
    days: tuple[Day, ...] = DAYS

    def holds(self, day: Day, minute: int) -> bool:
        """Whether a minute of a day (UTC, from 0) is inside. Hours over midnight begin on the days that are named."""
        return any(DAYS[on] == day and start <= minute < end for on, start, end in self.spans())

    def spans(self) -> Iterator[tuple[int, int, int]]:
        """Day (0 is Monday), first minute, and the minute after the last; in two parts where it goes over midnight."""
        start, end = _minutes(self.from_), _minutes(self.to)
        for day in map(DAYS.index, self.days):
            if start <= end:
                yield day, start, end
            else:
                yield day, start, _MIDNIGHT
                yield (day + 1) % len(DAYS), 0, end

    def __str__(self) -> str:
        return f"{' '.join(self.days)} {self.from_} to {self.to} UTC" if self.days else "no time at all"


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """protected_namespaces: beside those that always are. max_share: 0..1 of the pods of a selection's namespaces. max_pods: a number.
    max_endpoints: 0..1 of the endpoints of any Service, and max_routes: of the routes of the namespaces reached, for `run`.
    max_duration: as in 15m. kinds: chaos kinds that may be used; None: all. windows: when; empty: always.
    allow: by name, what the closed lists refuse: a kind (JVMChaos), a word (cmdProbe, Task), a rule (policy/…), an image, a namespace.
    gateway_api: the channel of the Gateway API that the clusters have, where their own definitions are not read.
    """

    protected_namespaces: tuple[str, ...] = ()
    max_share: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    max_pods: Annotated[int, msgspec.Meta(ge=0)] | None = None
    max_endpoints: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    max_routes: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    max_duration: str | None = None
    kinds: tuple[str, ...] | None = None
    windows: tuple[Window, ...] = ()
    allow: tuple[str, ...] = ()
    gateway_api: Literal["standard", "experimental"] | None = None

    def __post_init__(self) -> None:
        if self.max_duration is not None and not seconds(self.max_duration):
            raise ValueError(f"{self.max_duration!r} is no duration of more than zero; write 15m or 90s")

    def within(self, other: "Policy") -> "Policy":
        """This policy inside another one: the narrower of each limit, and what either of them allows by name: only the user's
        own may allow anything (see `settings`)."""
        lasting = [one for one in (self.max_duration, other.max_duration) if one is not None]
        return Policy(
            protected_namespaces=tuple(dict.fromkeys((*self.protected_namespaces, *other.protected_namespaces))),
            max_share=_narrower(self.max_share, other.max_share),
            max_pods=_narrower(self.max_pods, other.max_pods),
            max_endpoints=_narrower(self.max_endpoints, other.max_endpoints),
            max_routes=_narrower(self.max_routes, other.max_routes),
            max_duration=min(lasting, key=lambda one: seconds(one) or 0.0, default=None),
            kinds=self.kinds if other.kinds is None else tuple(kind for kind in other.kinds if self.kinds is None or kind in self.kinds),
            windows=_in_both(self.windows, other.windows),
            allow=tuple(dict.fromkeys((*self.allow, *other.allow))),
            gateway_api=min((one for one in (self.gateway_api, other.gateway_api) if one), key=_CHANNELS.index, default=None),
        )

    def allows(self, *names: str) -> bool:
        """Whether one of these names is allowed; an entry that ends in `*` allows what begins so."""
        return any(_fits(entry, name) for entry in self.allow for name in names if name)

    def __str__(self) -> str:
        """As it could stand in a file, on one line; empty where nothing is set."""
        given: dict[str, Any] = {field: value for field, value in msgspec.to_builtins(self).items() if value not in (None, [], ())}
        return msgspec.json.encode(given).decode() if given else "{}"


_N = TypeVar("_N", int, float)


def _narrower(one: _N | None, other: _N | None) -> _N | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


def _in_both(one: tuple[Window, ...], other: tuple[Window, ...]) -> tuple[Window, ...]:
    """The hours that are in both; where none is, a window that never holds, for no window at all would be always."""
    if not one or not other:
        return one or other
    days: dict[tuple[int, int], set[int]] = defaultdict(set)
    for day, start, end in (span for window in one for span in window.spans()):
        for same, first, last in (span for window in other for span in window.spans()):
            if day == same and max(start, first) < min(end, last):
                days[max(start, first), min(end, last)].add(day)
    if not days:
        return (Window(days=()),)
    return tuple(
        Window(from_=_clock(start), to=_clock(end), days=tuple(DAYS[day] for day in sorted(on)))
        for (start, end), on in sorted(days.items())
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _fits(entry: str, name: str) -> bool:
    wanted, given = entry.lower(), name.lower()
    return given.startswith(wanted[:-1]) if len(wanted) > 1 and wanted.endswith("*") else given == wanted


_MIDNIGHT = 24 * 60

_CHANNELS = ("standard", "experimental")
"""The narrower one first."""

NO_POLICY = Policy()
