"""What came of a check: the findings, what somebody has accepted of them, and what was corrected."""

from typing import Literal

import msgspec

from aichaos.domain.finding import Finding
from aichaos.domain.suggestion import SourceSummary


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that is not reported, because a comment in its file or the baseline says so."""

    finding: Finding
    by: Literal["comment", "baseline"]
    reason: str


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A correction that is certain and that the text does not take, and why."""

    finding: Finding
    reason: str


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a file, from a place up to another (line and column, from 1), and what a correction writes instead of it."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """findings: what is reported; edits: the corrections in the text that they have, in the same order, where somebody asked for them.
    quiet: what is not reported.

    texts: what was checked, by the names of the files. before, after: those that are corrected, as they were and as they are then. made:
    the findings that a correction ends. left: those whose correction could not be made. left_alone: files that hold no manifest.
    """

    documents: int
    findings: list[Finding]
    edits: list[Edit | None] = []
    quiet: list[Quiet] = []
    source: SourceSummary | None = None
    texts: dict[str, str] = {}
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    made: list[Finding] = []
    left: list[Left] = []
    left_alone: list[str] = []
    notes: list[str] = []
