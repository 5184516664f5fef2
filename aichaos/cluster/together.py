"""Several requests at once."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

R = TypeVar("R")


def together(tasks: list[Callable[[], R]], threads: int) -> list[R]:
    """The results of all tasks, in their order. The first exception of a task ends it, and so does Ctrl-C, without waiting for the rest.

    Not a ThreadPoolExecutor: the interpreter waits for its threads before it exits, and they may be waiting for a server.
    """
    waiting: SimpleQueue[int] = SimpleQueue()
    done: SimpleQueue[tuple[int, R | BaseException]] = SimpleQueue()
    over = threading.Event()
    for number in range(len(tasks)):
        waiting.put(number)

    def work() -> None:
        while not over.is_set():
            try:
                number = waiting.get_nowait()
            except Empty:
                return
            try:
                done.put((number, tasks[number]()))
            except BaseException as error:  # noqa: BLE001  raised again where the results are awaited
                over.set()
                done.put((number, error))

    for _ in range(min(threads, len(tasks))):
        threading.Thread(target=work, daemon=True, name="aichaos-read").start()
    results: dict[int, R] = {}
    try:
        while len(results) < len(tasks):
            number, result = done.get()
            if isinstance(result, BaseException):
                raise result
            results[number] = result
    finally:
        over.set()
    return [results[number] for number in range(len(tasks))]
