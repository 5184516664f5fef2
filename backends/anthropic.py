"""Anthropic's models, through their SDK.

The SDK is imported when the first question is asked (it costs over a second). No sampling parameter is sent: current models refuse
`temperature`, and variety is the prompt's business.
"""

import os
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from aichaos.ask.protocol import Options, Progress, Prompt, Question, Reply
from aichaos.backends.calling import CutOffError, Provider, UnreadableError, calling, refuses_schema
from aichaos.backends.prices import cost
from aichaos.errors import MissingKeyError

if TYPE_CHECKING:
    import anthropic

DEFAULT_MODEL = "claude-sonnet-5-5"
_ENDS: dict[str, Literal["length", "refused"]] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}


class AnthropicBackend:
    name: ClassVar[str] = "anthropic"
    about: ClassVar[str] = "Anthropic's models (also as: claude)"
    key_variable: ClassVar[str | None] = "ANTHROPIC_API_KEY"
    prompted: ClassVar[bool] = True
    default_model: ClassVar[str | None] = DEFAULT_MODEL
    remote: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        if not os.environ.get("ANTHROPIC_API_KEY"):
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
        where = options.base_url or "Anthropic"
        provider = Provider(sdk=anthropic, where=where, model=model, key=self.key_variable, timeout=options.timeout)
        with anthropic.Anthropic(base_url=options.base_url, timeout=options.timeout, max_retries=0) as client:
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
        text = "".join(block.text for block in message.content if block.type == "text")
        progress(text)
        return self._reply(text, message.model, message.usage.input_tokens, message.usage.output_tokens, message.stop_reason, prompt)

    def _streamed(self, events: Any, prompt: Prompt, progress: Progress) -> Reply:
        pieces: list[str] = []
        start: Any = None
        stop, used = None, 0
        for event in events:
            match event.type:
                case "message_start":
                    start = event.message
                case "content_block_delta" if event.delta.type == "text_delta":
                    pieces.append(event.delta.text)
                    progress(event.delta.text)
                case "message_delta":
                    stop, used = event.delta.stop_reason, event.usage.output_tokens
        if start is None:
            raise UnreadableError("no message")
        if stop is None:
            raise CutOffError("the stream ended before the message")
        return self._reply("".join(pieces), start.model, start.usage.input_tokens, used, stop, prompt)

    def _reply(self, text: str, model: str, took: int, gave: int, stop: str | None, prompt: Prompt) -> Reply:
        return Reply(
            text=text,
            model=model,
            input_tokens=took,
            output_tokens=gave,
            cost_usd=cost(model, took, gave),
            end=_ENDS.get(stop or "", "done"),
            notes=prompt.notes,
        )
