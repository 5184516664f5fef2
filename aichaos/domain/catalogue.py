"""What `aichaos library` answers with: scenarios as they are listed, one made for a cluster, and how a folder of them fares."""

import msgspec

from aichaos.domain.finding import Finding, Verdict
from aichaos.domain.suggestion import SourceSummary, Suggestion

Value = int | float | str


class Settable(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter. default: in its unit; null where the cluster says it. unit: `ms`, `s`, `%`, or what is counted; "" for none.
    limits: what it may be, in words."""

    name: str
    default: Value | None
    unit: str
    minimum: float | None
    maximum: float | None
    choices: list[str]
    limits: str
    about: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario. file: null for one that comes with the program. needs: its precondition. fits: whether the cluster has that; null
    where no cluster was looked at. why_not: what it lacks. candidates: the objects that it could be made for, `Kind/ns/name`.
    title, summary: `<…>` stands for what only a cluster says."""

    name: str
    version: int
    title: str
    category: str
    summary: str
    tags: list[str]
    keywords: list[str]
    file: str | None
    needs: str
    parameters: list[Settable]
    hypothesis: str
    steps: list[str]
    fits: bool | None = None
    why_not: str | None = None
    candidates: list[str] = []


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """source: the cluster that was looked at; null for none."""

    source: SourceSummary | None
    scenarios: list[Entry]
    warnings: list[str]


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario made for a cluster. scenario: `NAME@VERSION`. subject: what it was made for. set: the values of all its parameters."""

    source: SourceSummary
    scenario: str
    subject: str
    set: dict[str, Value]
    suggestion: Suggestion
    warnings: list[str]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario on one cluster. verdict: null where it does not fit there, and why_not says what is missing. made: how many experiments
    were made of it: with the defaults, and with each parameter at the ends of its range."""

    scenario: str
    cluster: str
    verdict: Verdict | None
    made: int = 0
    why_not: str | None = None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """How a library fares. summary: findings by severity."""

    scenarios: int
    trials: list[Trial]
    findings: list[Finding]
    summary: dict[str, int]
