"""What answers have cost so far, while they still come: for the line that Ctrl-C leaves, and against an answer without end."""

import threading

from aichaos.ask.protocol import Progress, Prompt, Reply
from aichaos.ask.reply import MOST
from aichaos.ask.tokens import tokens
from aichaos.errors import ReplyError


class Meter:
    """One for each run of the program. Counts are our estimate until a provider gives its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.sent = 0
        self.received = 0
        self.open = 0
        self._characters: dict[int, int] = {}

    def start(self, prompt: Prompt) -> int:
        """A question goes out; the number under which its answer is counted."""
        with self._lock:
            number = len(self._characters)
            self._characters[number] = 0
            self.sent += tokens(prompt.system) + sum(tokens(turn.text) for turn in prompt.turns)
            self.open += 1
            return number

    def progress(self, number: int, watch: Progress) -> Progress:
        """Counts the pieces of one answer and ends it, by a ReplyError, where it has become longer than any answer may be."""

        def count(piece: str) -> None:
            with self._lock:
                self._characters[number] += len(piece)
                self.received += tokens(piece)
            watch(piece)
            check_length(self._characters[number])

        return count

    def end(self, number: int, reply: Reply | None) -> None:
        with self._lock:
            self.open -= 1
            if reply is not None and not self._characters[number]:
                self.received += tokens(reply.text)

    def spent(self) -> str:
        """`about 4,200 tokens sent and 310 received so far, by our estimate`; "" where nothing was asked."""
        if not self._characters:
            return ""
        return f"about {self.sent:,} tokens sent and {self.received:,} received so far, by our estimate"


def check_length(characters: int) -> None:
    """Raises ReplyError for an answer that is longer than we read."""
    if characters > MOST:
        hint = "Is this a model? Ask again, or choose another one with --model or --backend."
        raise ReplyError(f"the answer has no end: more than {MOST:,} characters", hint=hint)


METER = Meter()
"""The one that Ctrl-C asks."""
