"""Recorded clusters and answers: JSON lines, the first of which says how they were made."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.predict.differential.worlds import Asked, Manifest, World

Json = dict[str, Any]
HERE = Path(__file__).parent / "recorded"


def write_worlds(name: str, worlds: Iterable[World], made: Mapping[str, Any], folder: Path = HERE) -> None:
    """What many clusters have in common stands once, in the first line."""
    listed = list(worlds)
    commons: list[list[Manifest]] = []
    for one in listed:
        if one.common not in commons:
            commons.append(one.common)
    lines: list[Json] = [{**made, "client": listed[0].client, "commons": commons}]
    for one in listed:
        requests = [_line(asked) for asked in one.requests]
        lines.append({"id": one.name, "common": commons.index(one.common), "objects": one.objects, "requests": requests})
    _write(folder / f"{name}.jsonl", lines)


def worlds(name: str, folder: Path = HERE) -> list[World]:
    head, *rest = _read(folder / f"{name}.jsonl")
    found = []
    for one in rest:
        requests = [_asked(line) for line in one["requests"]]
        found.append(World(one["id"], one["objects"], requests, head["commons"][one["common"]], head["client"]))
    return found


def write_answers(gateway: str, records: Iterable[Json], made: Mapping[str, Any], folder: Path = HERE) -> None:
    _write(folder / f"{gateway}.jsonl", [dict(made), *records])


def answers(gateway: str, folder: Path = HERE) -> dict[str, Json]:
    """The records of a gateway, by cluster."""
    return {one["id"]: one for one in _read(folder / f"{gateway}.jsonl")[1:]}


def _line(one: Asked) -> list[Any]:
    return [one.method, one.host, one.path, one.port, [list(pair) for pair in one.headers], one.times]


def _asked(line: list[Any]) -> Asked:
    method, host, path, port, headers, times = line
    return Asked(method, host, path, port, tuple((name, value) for name, value in headers), times)


def _write(file: Path, lines: Iterable[Json]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(json.dumps(one, separators=(",", ":"), ensure_ascii=False) + "\n" for one in lines), encoding="utf-8")


def _read(file: Path) -> list[Json]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
