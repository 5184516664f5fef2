"""A long list is looked at by two processes, and what comes out is what one alone would say."""

import os
import threading
from collections.abc import Sequence

import pytest

from aichaos.check import halves
from aichaos.check.documents import Review, review

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
"""pytest's own threads, which take no part in this; the program itself does not fork where it has any."""

FILES = [
    (f"{number}-{name}", text)
    for number in range(3)
    for name, text in (
        ("wrong.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {port: [{port: 80}]}\n"),
        ("odd.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd}\ndata: {on: yes, size: 1.10, mode: 0777}\n"),
        ("twice.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, name: b}\n"),
        ("broken.yaml", "a: [1\n---\n"),
        ("template.yaml", "kind: {{ .Kind }}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {}\n"),
        ("list.yaml", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: p}}\n- 1\n"),
        ("numbers.yaml", 'a: 18446744073709551615\nb: 1.5\nc: ~\nd: "\\u0000\\ufffd"\n'),
    )
]


def told(done: Review) -> list[object]:
    return [
        done.findings,
        [(item.text.name, item.index, item.prefix, item.value) for item in done.items],
        [None if item is None else done.items.index(item) for item in done.origins],
    ]


@pytest.fixture
def alone() -> list[object]:
    return told(review(FILES, None))


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "_MANY", 1)
    monkeypatch.setattr(halves, "_possible", lambda: True)


def test_two_processes_say_what_one_says(alone: list[object], many: None, monkeypatch: pytest.MonkeyPatch) -> None:
    forks: list[int] = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: forks.append(1) or fork())  # type: ignore[func-returns-value]
    assert told(review(FILES, None)) == alone
    assert len(forks) == 2


def test_what_the_other_process_cannot_do_is_done_here(alone: list[object], many: None, monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.getpid()

    def packed(half: object, pieces: Sequence[object]) -> bytes:
        assert os.getpid() != here
        raise MemoryError

    monkeypatch.setattr("aichaos.check.documents.items_packed", packed)
    monkeypatch.setattr("aichaos.check.documents.found_packed", packed)
    assert told(review(FILES, None)) == alone


def test_without_room_for_another_process_everything_is_done_here(alone: list[object], many: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", fork)
    assert told(review(FILES, None)) == alone


@pytest.mark.parametrize("cores", [1, 2, None])
def test_a_system_that_does_not_tell_which_cores_we_may_use(monkeypatch: pytest.MonkeyPatch, cores: int | None) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    assert halves._possible() == (cores == 2)
