"""Something that is looked at again and again while a run goes on, in a thread of its own.

A thread that hangs (a login plugin that never comes back, a socket that nobody answers) would look like one that has nothing to tell. So a
second thread measures how long a look takes, and says when one does not come to its end.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_FINE = 0.1


@contextmanager
def rounds(
    name: str, every: float, look: Callable[[], bool], limit: float, stuck: Callable[[], object]
) -> Iterator[threading.Event]:  # fmt: skip
    """In the block, `look` is called every so many seconds until it says False; `stuck` is called, once, where a look takes longer than
    `limit` seconds. Yields what ends it; the end of the block does, too."""
    over, began = threading.Event(), [0.0]

    def live() -> None:
        while not over.wait(every):
            began[0] = time.monotonic()
            if not look():
                over.set()
            began[0] = 0.0

    def watch() -> None:
        while not over.wait(_FINE):
            since = began[0]
            if since and time.monotonic() - since > limit:
                stuck()
                return

    looking = threading.Thread(target=live, name=name, daemon=True)
    looking.start()
    threading.Thread(target=watch, name=f"{name}-watch", daemon=True).start()
    try:
        yield over
    finally:
        over.set()
        looking.join(1.0)  # one that hangs is not waited for
