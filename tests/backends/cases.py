"""What a provider may answer, good and bad: each case is recorded once in both wire formats and played back in the tests.

The text of the good answers is one that a language model wrote for exactly the prompt that is sent (`tests/replies/`).
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec

from aichaos.ask.protocol import Prompt, Turn
from tests.backends.provider import REPLIES, Answer, Responder, failure, message, speaks

FOLDER = REPLIES / "exchange"


@cache
def prompt() -> Prompt:
    """The prompt that the answers were written for, as it was sent."""
    system, _, question = (FOLDER / "prompt.txt").read_text(encoding="utf-8").partition("\n=== question\n")
    return Prompt(system=system.removeprefix("=== system\n"), turns=(Turn(role="user", text=question),), version="ideas@3")


def written() -> str:
    return (FOLDER / "answer.md").read_text(encoding="utf-8")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange. answers: what the server says, request by request. stream, closed, max_tokens: how it is asked. only: the backends that
    know such an answer."""

    answers: tuple[Callable[[dict[str, Any]], Answer], ...]
    stream: bool = True
    structured: bool = False
    max_tokens: int = 16_000
    only: tuple[str, ...] = ("anthropic", "openai")

    def responder(self) -> Responder:
        left: Iterator[Callable[[dict[str, Any]], Answer]] = iter(self.answers)
        return lambda request: next(left)(request)


def good(request: dict[str, Any]) -> Answer:
    return message(written(), request)


def says(text: str) -> Callable[[dict[str, Any]], Answer]:
    return lambda request: message(text, request)


def fails(status: int, kind: str, text: str = "", **headers: str) -> Callable[[dict[str, Any]], Answer]:
    return lambda request: failure(status, kind, text, **headers)


def cut_in_the_middle(request: dict[str, Any]) -> Answer:
    """The first half of the events, and then the connection's end."""
    events = speaks(request).events(written(), request, "done")
    return 200, {"content-type": "text/event-stream"}, b"".join(events[: len(events) // 2])


def too_long(request: dict[str, Any]) -> Answer:
    if speaks(request).name == "anthropic":
        return failure(400, "invalid_request_error", "prompt is too long: 213904 tokens > 200000 maximum")
    return failure(400, "context_length_exceeded", "This model's maximum context length is 128000 tokens.")


def without_schema(request: dict[str, Any]) -> Answer:
    field = "output_config" if speaks(request).name == "anthropic" else "response_format"
    return failure(400, "invalid_request_error", f"{field}: not supported by this model")


def as_json(request: dict[str, Any]) -> Answer:
    return message(json.dumps({"ideas": []}), request)


def broken_text(request: dict[str, Any]) -> Answer:
    status, headers, body = message("ideas: [] # \u00e9", request)
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return status, headers, raw.replace("\u00e9".encode(), b"\xe9")


CASES: dict[str, Case] = {
    "answer": Case(answers=(good,), stream=False),
    "streamed answer": Case(answers=(good,)),
    "structured answer": Case(answers=(as_json,), structured=True),
    "no structured output": Case(answers=(without_schema, good), structured=True),
    "wrong key": Case(answers=(fails(401, "authentication_error"),)),
    "unknown model": Case(answers=(fails(404, "not_found_error"),)),
    "rate limit then success": Case(answers=(fails(429, "rate_limit_error", retry_after="0"), good)),
    "quota used up": Case(answers=(fails(429, "insufficient_quota", retry_after="0"),), only=("openai",)),
    "overloaded": Case(answers=(fails(529, "overloaded_error", retry_after="0"),) * 4),
    "time-out at the server": Case(answers=(fails(408, "timeout_error", retry_after="0"), good)),
    "cut in mid-stream": Case(answers=(cut_in_the_middle, good)),
    "cut every time": Case(answers=(cut_in_the_middle,) * 4),
    "prompt too long": Case(answers=(too_long,)),
    "cut at the token limit": Case(answers=(lambda request: message(written()[:900], request, end="length"),), max_tokens=200),
    "refusal": Case(answers=(lambda request: message("", request, end="refused"),)),
    "prose": Case(answers=(says("I would begin with the routes. Two of them share a host, so look at their ages first."),)),
    "fenced JSON": Case(answers=(says('Here you are:\n\n```json\n{"ideas": []}\n```\n'),)),
    "invalid UTF-8": Case(answers=(broken_text,)),
    "HTML": Case(answers=(lambda request: (200, {"content-type": "text/html"}, b"<html>hello</html>"),)),
}
