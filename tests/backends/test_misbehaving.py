"""Servers that misbehave in the middle of an answer, through both SDKs: given up in time and in one line, whatever comes."""

import json
import os
import random
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aichaos.ask.conversation import Manner
from aichaos.ask.protocol import Options, Reply
from aichaos.ask.registry import open_backend
from aichaos.ask.words import read
from aichaos.errors import BackendError, MissingKeyError
from aichaos.observe.source import Choice
from aichaos.pipeline import Wish, suggest
from tests.backends.cases import Case, good, says
from tests.backends.exchange import BACKENDS, ask, base_url, ignore, question
from tests.backends.provider import Answer, message, serving, speaks
from tests.backends.writing import Request, Writes, writing

KEY = "sk-secret-0123456789"
both = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


def pausing(seconds: float) -> None:
    """time.sleep is the wait between tries, and here nobody waits for that."""
    threading.Event().wait(seconds)


def again(piece: bytes, pause: float = 0.0) -> Writes:
    def writes(request: Request) -> Iterator[bytes]:
        while True:
            yield piece
            pausing(pause)

    return writes


def nothing_said(request: Request) -> Iterator[bytes]:
    """The beginning of an answer, and then pieces without a letter."""
    events = speaks(request).events("x", request, "done")
    piece = next(one for one in events if b'"x"' in one)
    yield from events[: events.index(piece)]
    while True:
        yield piece.replace(b'"x"', b'""')
        pausing(0.01)


def letter_by_letter(request: Request) -> Iterator[bytes]:
    for letter in b"".join(speaks(request).events("word " * 1000, request, "done")):
        yield bytes([letter])
        pausing(0.005)


def stuck_in_the_middle(request: Request) -> Iterator[bytes]:
    events = speaks(request).events("word " * 1000, request, "done")
    yield b"".join(events[: len(events) // 2])
    pausing(3)


def bomb(request: Request) -> Iterator[bytes]:
    press = zlib.compressobj(9, zlib.DEFLATED, 31)
    while True:
        yield press.compress(b" " * 1_000_000)


def failed(backend: str, address: str, timeout: float = 20.0) -> str:
    opened = open_backend(backend, Options(model="m", base_url=base_url(backend, address), timeout=timeout))
    with pytest.raises(BackendError) as caught:
        opened.answer(question(), ignore)
    assert caught.value.hint
    said = f"{caught.value}"
    assert KEY not in f"{said} {caught.value.hint}"
    assert said.isprintable()
    return said


@both
@pytest.mark.parametrize(
    "writes",
    [
        again(b": ping\n\n", 0.01),
        again(b'event: ping\ndata: {"type":"ping"}\n\n', 0.01),
        nothing_said,
        letter_by_letter,
        stuck_in_the_middle,
    ],
    ids=["comments", "pings", "empty pieces", "letter by letter", "stuck in the middle"],
)
def test_an_answer_that_does_not_end_in_time_is_given_up_once(backend: str, writes: Writes) -> None:
    asked: list[Request] = []

    def counted(request: Request) -> Iterator[bytes]:
        asked.append(request)
        return writes(request)

    with writing(counted) as address:
        assert "did not answer within 0.5 s" in failed(backend, address, timeout=0.5)
    assert len(asked) == 1


@both
@pytest.mark.parametrize("status", [200, 400, 502])
def test_an_answer_without_an_end_of_its_line_is_ended(backend: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aichaos.backends.guarded.MOST", 2_000_000)
    with writing(again(b"x" * 100_000), status=status) as address:
        assert "has no end: more than 2,000,000 bytes" in failed(backend, address)


@both
def test_what_is_compressed_unasked_is_not_unpacked(backend: str) -> None:
    with writing(bomb, content_encoding="gzip") as address:
        assert "compressed" in failed(backend, address)


@both
def test_a_prompt_goes_nowhere_else(backend: str) -> None:
    with serving(good) as (other, seen):

        def moved(request: Request) -> Answer:
            return 307, {"location": f"{other}/v1/elsewhere?key=1"}, b""

        with serving(moved) as (address, _):
            said = failed(backend, address)
    assert f"sends us to {other}" in said
    assert "key=1" not in said
    assert not seen


@both
def test_what_a_server_says_of_a_request_is_said_without_the_key(backend: str) -> None:
    def refuses(request: Request) -> Answer:
        return 400, {}, {"type": "error", "error": {"type": "bad", "message": f"no\x1b[31m room for\n16000 tokens; key {KEY} {'x' * 5000}"}}

    with serving(refuses) as (address, _):
        said = failed(backend, address)
    assert "refuses the request" in said
    assert "room for 16000 tokens" in said
    assert len(said) < 400


@both
def test_an_error_in_the_stream_is_said(backend: str) -> None:
    def broken(request: Request) -> Iterator[bytes]:
        said = {"type": "error", "error": {"type": "api_error", "message": "the model ran out of memory"}}
        yield f"event: error\ndata: {json.dumps(said)}\n\n".encode()

    with writing(broken) as address:
        assert "the model ran out of memory" in failed(backend, address)


@both
def test_a_page_that_is_not_there_is_no_unknown_model(backend: str) -> None:
    def page(request: Request) -> Answer:
        return 404, {"content-type": "text/html"}, b"<html>Not found</html>"

    with serving(page) as (address, _):
        said = failed(backend, address)
    assert "model" not in said
    assert "has nothing at this address" in said


@both
def test_a_provider_that_wants_a_long_wait_is_not_waited_for(backend: str) -> None:
    def limits(request: Request) -> Answer:
        return 429, {"retry_after": "86400"}, {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}

    with serving(limits) as (address, seen):
        assert "wants us to wait 86,400 s" in failed(backend, address)
    assert len(seen) == 1


@both
def test_a_name_and_a_password_in_the_address_are_never_shown(backend: str) -> None:
    assert "never-shown" not in failed(backend, "http://user:never-shown@127.0.0.1:9", timeout=2)
    assert "never-shown" not in failed(backend, "http://127.0.0.1:9?key=never-shown", timeout=2)


@both
def test_a_key_that_was_copied_with_its_line_end_is_a_key(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, f" {KEY}\n")
    with serving(good) as (address, seen):
        ask(backend, Case(answers=()), address=address)
    assert KEY in {value.removeprefix("Bearer ") for value in seen[0]["headers"].values()}


@both
@pytest.mark.parametrize("wrong", ["sk-one\nsk-two", "sk-é", "“sk-one”", "sk-\x7f"])
def test_a_key_that_can_be_none_is_said_and_not_shown(backend: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, wrong)
    with pytest.raises(MissingKeyError, match=r"_API_KEY holds what no key can hold") as caught:
        open_backend(backend, Options())
    assert wrong not in f"{caught.value} {caught.value.hint}"


@both
def test_the_address_of_the_sdk_s_own_variable_is_called_by_its_name(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/v1")
    opened = open_backend(backend, Options(model="m", timeout=2))
    with pytest.raises(BackendError, match=r"http://127\.0\.0\.1:9/v1 can't be reached"):
        opened.answer(question(), ignore)


# what a server may put where something else belongs -------------------------------------------------------------------------------------

_WRONG: list[Any] = [None, "text", -1, 2.5, True, [], {}, ["x"], {"x": 1}, "\ud800", "\x1b[31m\n", "x" * 5_000]


SEEDS = int(os.environ.get("AICHAOS_FUZZ", "25"))


def spoiled(seed: int) -> Callable[[Request], Answer]:
    """The good answer with one to three values, of any of its events, that are something else or are not there."""
    chosen = random.Random(seed)

    def respond(request: Request) -> Answer:
        status, headers, body = message("ideas: []", request)
        if not isinstance(body, bytes):
            return status, headers, json.dumps(_spoil(body, chosen)).encode()
        events = body.split(b"\n\n")
        for _ in range(chosen.randint(1, 3)):
            at = chosen.randrange(len(events))
            head, mark, data = events[at].partition(b"data: ")
            if data.startswith(b"{"):
                events[at] = head + mark + json.dumps(_spoil(json.loads(data), chosen)).encode()
        return status, headers, b"\n\n".join(events)

    return respond


def _spoil(tree: Any, chosen: random.Random) -> Any:
    places = list(_places(tree))
    holder, key = chosen.choice(places)
    if isinstance(holder, dict) and chosen.random() < 0.3:
        del holder[key]
    else:
        holder[key] = chosen.choice(_WRONG)
    return tree


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)):
        yield tree, key
        if isinstance(value, (dict, list)):
            yield from _places(value)


@both
@pytest.mark.parametrize("stream", [True, False])
def test_whatever_an_answer_holds_it_is_read_or_refused(backend: str, stream: bool) -> None:
    came = 0
    lines: list[str] = []
    for seed in range(SEEDS):
        with serving(spoiled(seed)) as (address, _):
            try:
                reply = ask(backend, Case(answers=(), stream=stream), address=address)
            except BackendError as error:
                lines.append(str(error))
                continue
            came += 1
            _sound(reply)
    assert came
    assert lines
    assert all(line.isprintable() for line in lines)


def _sound(reply: Reply) -> None:
    assert isinstance(reply.text, str)
    assert reply.model is None or (reply.model.isprintable() and len(reply.model) <= 100)
    assert reply.input_tokens >= 0
    assert reply.output_tokens >= 0
    assert not (reply.counted and reply.input_tokens == 0)


@both
def test_tokens_that_nobody_counted_are_none(backend: str) -> None:
    def uncounted(request: Request) -> Answer:
        status, headers, body = says("ideas: []")(request)
        for name in (b"input_tokens", b"output_tokens", b"prompt_tokens", b"completion_tokens"):
            body = body.replace(b'"' + name + b'"', b'"other"')
        return status, headers, body

    with serving(uncounted) as (address, _):
        reply = ask(backend, Case(answers=()), address=address)
    assert (reply.text, reply.input_tokens, reply.output_tokens, reply.counted, reply.cost_usd) == ("ideas: []", 0, 0, False, None)


@both
def test_an_answer_with_halves_of_characters_is_read(backend: str, tmp_path: Path) -> None:
    """JSON can say them, and a stream can cut a character in two."""

    def halves(request: Request) -> Answer:
        listed = "ideas: [{id: one, title: t\\ud800, summary: s, category: c, hypothesis: h, why_here: []}]"
        status, headers, body = message(listed, request)
        assert isinstance(body, bytes)
        return status, headers, body.replace(b"\\\\ud800", b"\\ud800")

    with serving(halves) as (address, seen):
        options = Options(model="m", base_url=base_url(backend, address))
        wish = Wish(choice=Choice(origin="demo:route-chaos"), words=read(""), count=1, out=tmp_path, manner=Manner(repairs=0))
        answer = suggest(wish, open_backend(backend, options), say=ignore, overwrite=lambda path: False)
    assert [one.title for one in answer.suggestions] == ["t\ufffd"]
    assert len(seen) == 2
