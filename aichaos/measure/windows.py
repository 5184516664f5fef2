"""The windows of a run, from the times in its journal: before the first step, each step, the way back, and after it."""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from aichaos.domain.results import Window, WindowKind


class Moments(msgspec.Struct, frozen=True, kw_only=True):
    """When things happened, seconds since 1970; None for what did not, or is not known.

    steps: the number, the words and the begin of each. ended: the last that is known of the run.
    """

    opened: float
    steps: Sequence[tuple[int, str, float]] = ()
    restoring: float | None = None
    restored: float | None = None
    ended: float


def windows(moments: Moments) -> list[Window]:
    """In the order of time, `during` before its steps. A window that never began is left out."""
    found = []
    first = moments.steps[0][2] if moments.steps else None
    way_back = moments.restoring if moments.restoring is not None else moments.ended
    found.append(_window("baseline", "baseline", moments.opened, first if first is not None else way_back))
    if first is not None:
        found.append(_window("during", "during", first, way_back))
        ends = [at for _, _, at in moments.steps[1:]] + [way_back]
        for (number, text, at), end in zip(moments.steps, ends, strict=True):
            found.append(Window(kind="step", name=text, number=number, start=at, end=max(at, end)))
    if moments.restoring is not None:
        back = moments.restored if moments.restored is not None else moments.ended
        found.append(_window("restoring", "restoring", moments.restoring, back))
        if moments.restored is not None:
            found.append(_window("after", "after", moments.restored, moments.ended))
    return found


def _window(kind: WindowKind, name: str, start: float, end: float) -> Window:
    return Window(kind=kind, name=name, start=start, end=max(start, end))


class Finder:
    """Which windows a moment belongs to."""

    def __init__(self, found: Sequence[Window]) -> None:
        self._whole = [one for one in found if one.kind != "step"]
        self._steps = [one for one in found if one.kind == "step"]
        self._starts = [one.start for one in self._whole], [one.start for one in self._steps]
        during = next((one for one in found if one.kind == "during"), None)
        self._during = during

    def of(self, at: float) -> list[Window]:
        """The window of that moment, and its step; what came before the first belongs to it, what came after the last to that."""
        if not self._whole:
            return []
        window = self._whole[max(0, bisect_right(self._starts[0], at) - 1)]
        if window is not self._during or not self._steps:
            return [window]
        return [window, self._steps[max(0, bisect_right(self._starts[1], at) - 1)]]
