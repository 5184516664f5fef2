"""A picture of the ways of requests: listeners, routes and Services in three columns, with what the experiment touches marked."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from aichaos.domain.results import Way

MOST = 24
"""Ways that are drawn at most; a picture of more is none."""
_COLUMNS = (0.0, 250.0, 500.0)
_WIDTH, _HEIGHT, _STEP = 220.0, 30.0, 44.0
_LETTERS = 32


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """kind: of the column. text: as much of the name as fits; title: all of it."""

    kind: str
    text: str
    title: str
    x: float
    y: float
    touched: bool = False


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """moment: as of its way."""

    moment: str
    x1: float
    y1: float
    x2: float
    y2: float


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """width, height: of the paper. left: ways that it does not show. said: the same in words."""

    nodes: list[Node]
    edges: list[Edge]
    width: float
    height: float
    left: int
    said: str


def drawing(ways: Sequence[Way]) -> Drawing | None:
    """None where no way is known."""
    shown = ways[:MOST]
    if not shown:
        return None
    nodes: dict[tuple[int, str], Node] = {}
    edges: dict[tuple[float, float, float, float], Edge] = {}
    places = [0, 0, 0]
    for way in shown:
        names = (
            (0, "listener", way.listener, False),
            (1, "route", way.route, way.route_touched),
            (2, "service", way.service, way.service_touched),
        )
        passed: list[Node] = []
        for column, kind, name, touched in names:
            if not name:
                continue
            if (column, name) not in nodes:
                y = 10 + places[column] * _STEP
                places[column] += 1
                nodes[column, name] = Node(kind=kind, text=_short(name), title=f"{kind} {name}", x=_COLUMNS[column], y=y, touched=touched)
            passed.append(nodes[column, name])
        for one, other in pairwise(passed):
            edge = Edge(moment=way.moment, x1=one.x + _WIDTH, y1=one.y + _HEIGHT / 2, x2=other.x, y2=other.y + _HEIGHT / 2)
            known = edges.get(place := (edge.x1, edge.y1, edge.x2, edge.y2))
            edges[place] = edge if known is None or known.moment == edge.moment else msgspec.structs.replace(edge, moment="both")
    marked = [one.title for one in nodes.values() if one.touched]
    said = f"ways of requests: {len(nodes)} listeners, routes and Services; touched: {', '.join(marked) or 'none of them'}"
    return Drawing(
        nodes=list(nodes.values()),
        edges=list(edges.values()),
        width=_COLUMNS[-1] + _WIDTH,
        height=max(places) * _STEP + 10,
        left=len(ways) - len(shown),
        said=said,
    )


def _short(name: str) -> str:
    """The ends of a long name tell more than its middle."""
    half = _LETTERS // 2
    return name if len(name) <= _LETTERS else f"{name[: half - 1]}…{name[-half:]}"
