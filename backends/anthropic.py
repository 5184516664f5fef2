"""Anthropic's models, through their SDK.

The SDK is imported when the first question is asked (it costs over a second). No sampling parameter is sent: current models refuse
`temperature`, and variety is the prompt's business.
"""

import os
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from aichaos.ask.protocol import Options, Progress, Prompt, Question, Reply
from aichaos.backends.calling import Count, CutOffError, Provider, UnreadableError, calling, key_in, named, read, refuses_schema
from aichaos.backends.guarded import guarded
from aichaos.backends.prices import cost
from aichaos.errors import MissingKeyError
from aichaos.files.plain import shown_address

if TYPE_CHECKING:
    import anthropic

DEFAULT_MODEL = "claude-sonnet-5-5"
_ENDS: dict[str, Literal["length", "refused"]] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}


class _Block(msgspec.Struct, frozen=True):
    type: str | None = None
    text: str | None = None


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: Count | None = None
    output_tokens: Count | None = None


class _Message(msgspec.Struct, frozen=True):
    content: list[_Block] | None = None
    model: str | None = None
    usage: Any = None
    stop_reason: str | None = None


class _Delta(msgspec.Struct, frozen=True):
    type: str | None = None
    text: str | None = None
    stop_reason: str | None = None


class _Event(msgspec.Struct, frozen=True):
    """A piece of a streamed answer: of what its kinds hold, what we read."""

    type: str | None = None
    message: _Message | None = None
    delta: _Delta | None = None
    usage: Any = None


class AnthropicBackend:
    name: ClassVar[str] = "anthropic"
    about: ClassVar[str] = "Anthropic's models (also as: claude)"
    key_variable: ClassVar[str | None] = "ANTHROPIC_API_KEY"
    prompted: ClassVar[bool] = True
    default_model: ClassVar[str | None] = DEFAULT_MODEL
    remote: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        self._key = key_in("ANTHROPIC_API_KEY")
        self._base_url = options.base_url or os.environ.get("ANTHROPIC_BASE_URL") or None
        if not self._key:
            raise MissingKeyError(
                "the backend anthropic needs a key", hint="Set ANTHROPIC_API_KEY, or work offline with --backend playbook."
            )
        self.model: str | None = options.model or DEFAULT_MODEL
        self._options = options
        self._structured = True

    def answer(self, question: Question, progress: Progress) -> Reply:
        import anthropic

        options, prompt = self._options, question.prompt
        model = self.model or DEFAULT_MODEL
        where = shown_address(self._base_url) if self._base_url else "Anthropic"
        provider = Provider(sdk=anthropic, where=where, model=model, key=self.key_variable, timeout=options.timeout)
        http = guarded(anthropic, options.timeout)
        with anthropic.Anthropic(
            api_key=self._key, base_url=self._base_url, timeout=options.timeout, max_retries=0, http_client=http
        ) as client:
            return calling(provider, lambda: self._ask(client, prompt, progress))

    def _ask(self, client: "anthropic.Anthropic", prompt: Prompt, progress: Progress) -> Reply:
        """One request; a server that has no structured output is asked for plain text instead, now and from now on."""
        import anthropic

        structured = self._structured and prompt.schema is not None and prompt.closed
        try:
            return self._send(client, prompt, progress, structured=structured)
        except anthropic.APIStatusError as error:
            if not structured or not refuses_schema(error):
                raise
            self._structured = False
            return self._send(client, prompt, progress, structured=False)

    def _send(self, client: "anthropic.Anthropic", prompt: Prompt, progress: Progress, *, structured: bool) -> Reply:
        form: dict[str, Any] = {"output_config": {"format": {"type": "json_schema", "schema": prompt.schema}}} if structured else {}
        arguments: dict[str, Any] = {
            "model": self.model or DEFAULT_MODEL,
            "max_tokens": self._options.max_tokens,
            "system": prompt.system,
            "messages": [{"role": turn.role, "content": turn.text} for turn in prompt.turns],
            **form,
        }
        if not self._options.stream:
            return self._whole(client.messages.create(**arguments), prompt, progress)
        with client.messages.create(**arguments, stream=True) as events:
            return self._streamed(events, prompt, progress)

    def _whole(self, message: Any, prompt: Prompt, progress: Progress) -> Reply:
        import anthropic

        if not isinstance(message, anthropic.types.Message):  # the SDK hands on whatever a server says that is no Anthropic
            raise UnreadableError("no message")
        found = read(message, _Message)
        text = "".join(block.text or "" for block in found.content or () if block.type == "text")
        progress(text)
        return self._reply(text, found, _used(found.usage), found.stop_reason, prompt)

    def _streamed(self, events: Any, prompt: Prompt, progress: Progress) -> Reply:
        pieces: list[str] = []
        start: _Message | None = None
        stop: str | None = None
        used = _Usage()
        for event in events:
            found = read(event, _Event)
            delta = found.delta or _Delta()
            match found.type:
                case "message_start":
                    start = found.message
                case "content_block_delta" if delta.type == "text_delta" and delta.text:
                    pieces.append(delta.text)
                    progress(delta.text)
                case "message_delta":
                    stop, used = delta.stop_reason, _used(found.usage)
        if start is None:
            raise UnreadableError("no message")
        if stop is None:
            raise CutOffError("the stream ended before the message")
        whole = _Usage(input_tokens=_used(start.usage).input_tokens, output_tokens=used.output_tokens)
        return self._reply("".join(pieces), start, whole, stop, prompt)

    def _reply(self, text: str, message: _Message, used: _Usage, stop: str | None, prompt: Prompt) -> Reply:
        counted = used.input_tokens is not None and used.output_tokens is not None
        took, gave = (used.input_tokens or 0, used.output_tokens or 0) if counted else (0, 0)
        return Reply(
            text=text,
            model=named(message.model),
            input_tokens=took,
            output_tokens=gave,
            counted=counted,
            cost_usd=cost(message.model, took, gave) if counted else None,
            end=_ENDS.get(stop or "", "done"),
            notes=prompt.notes,
        )


def _used(usage: Any) -> _Usage:
    try:
        return read(usage, _Usage)
    except UnreadableError:  # another server than Anthropic's may count nothing
        return _Usage()
