"""OpenAI's models, and every server that speaks the same Chat Completions API: Ollama, vLLM, llama.cpp, LM Studio, a gateway.

The SDK is imported when the first question is asked. A server of one's own (`--base-url`) often needs no key, counts tokens or does not,
and has structured output or has not; each is found out and said, never assumed.
"""

import os
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlsplit

import msgspec

from aichaos.ask.protocol import Options, Progress, Prompt, Question, Reply
from aichaos.backends.calling import Count, CutOffError, Provider, UnreadableError, calling, key_in, named, read, refuses_schema
from aichaos.backends.guarded import guarded
from aichaos.backends.prices import cost
from aichaos.errors import MissingKeyError
from aichaos.files.plain import shown_address

if TYPE_CHECKING:
    import openai

DEFAULT_MODEL = "gpt-6.1-sol"
_ENDS: dict[str, Literal["length", "refused"]] = {"length": "length", "content_filter": "refused"}
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class _Text(msgspec.Struct, frozen=True):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Text | None = None
    message: _Text | None = None
    finish_reason: str | None = None


class _Part(msgspec.Struct, frozen=True):
    """A whole completion, or a piece of a streamed one: of what its kinds hold, what we read."""

    choices: list[_Choice] | None = None
    model: str | None = None
    usage: Any = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: Count
    completion_tokens: Count


class OpenAIBackend:
    name: ClassVar[str] = "openai"
    about: ClassVar[str] = "OpenAI's models, or any server with the same API by --base-url (Ollama, vLLM, llama.cpp, LM Studio)"
    key_variable: ClassVar[str | None] = "OPENAI_API_KEY"
    prompted: ClassVar[bool] = True
    default_model: ClassVar[str | None] = DEFAULT_MODEL

    def __init__(self, options: Options) -> None:
        self._key = key_in("OPENAI_API_KEY")
        self._base_url = options.base_url or os.environ.get("OPENAI_BASE_URL") or None
        if not self._key and self._base_url is None:
            raise MissingKeyError(
                "the backend openai needs a key",
                hint="Set OPENAI_API_KEY, name a server of your own with --base-url, or work offline with --backend playbook.",
            )
        self.model: str | None = options.model or DEFAULT_MODEL
        self._options = options
        self._structured = True

    @property
    def remote(self) -> bool:
        """A server on this machine keeps what it is sent here."""
        return not self._base_url or urlsplit(self._base_url).hostname not in _THIS_MACHINE

    def answer(self, question: Question, progress: Progress) -> Reply:
        import openai

        options, prompt = self._options, question.prompt
        model = self.model or DEFAULT_MODEL
        where = shown_address(self._base_url) if self._base_url else "OpenAI"
        key = self.key_variable if self._key else None
        provider = Provider(sdk=openai, where=where, model=model, key=key, timeout=options.timeout)
        http = guarded(openai, options.timeout)
        with openai.OpenAI(
            api_key=self._key or "none", base_url=self._base_url, timeout=options.timeout, max_retries=0, http_client=http
        ) as client:
            return calling(provider, lambda: self._ask(client, prompt, progress))

    def _ask(self, client: "openai.OpenAI", prompt: Prompt, progress: Progress) -> Reply:
        """One request; a server that has no structured output is asked for plain text instead, now and from now on."""
        import openai

        structured = self._structured and prompt.schema is not None
        try:
            return self._send(client, prompt, progress, structured=structured)
        except openai.APIStatusError as error:
            if not structured or not refuses_schema(error):
                raise
            self._structured = False
            return self._send(client, prompt, progress, structured=False)

    def _send(self, client: "openai.OpenAI", prompt: Prompt, progress: Progress, *, structured: bool) -> Reply:
        # OpenAI's newer models know max_completion_tokens alone, many other servers max_tokens alone
        limit = "max_tokens" if self._base_url else "max_completion_tokens"
        messages = [{"role": "system", "content": prompt.system}, *({"role": turn.role, "content": turn.text} for turn in prompt.turns)]
        arguments: dict[str, Any] = {"model": self.model or DEFAULT_MODEL, "messages": messages, limit: self._options.max_tokens}
        if structured:
            schema = {"name": "answer", "schema": prompt.schema, "strict": prompt.closed}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        if not self._options.stream:
            return self._whole(client.chat.completions.create(**arguments), prompt, progress)
        with client.chat.completions.create(**arguments, stream=True, stream_options={"include_usage": True}) as chunks:
            return self._streamed(chunks, prompt, progress)

    def _whole(self, completion: Any, prompt: Prompt, progress: Progress) -> Reply:
        import openai

        part = read(completion, _Part) if isinstance(completion, openai.types.chat.ChatCompletion) else _Part()
        if not part.choices or not (message := part.choices[0].message):
            raise UnreadableError("no completion")
        progress(message.content or "")
        end = "content_filter" if message.refusal else part.choices[0].finish_reason
        return self._reply(message.content or "", part.model, part.usage, end, prompt)

    def _streamed(self, chunks: Any, prompt: Prompt, progress: Progress) -> Reply:
        pieces: list[str] = []
        model: str | None = None
        end: str | None = None
        usage: Any = None
        for chunk in chunks:
            part = read(chunk, _Part)
            model, usage = part.model or model, part.usage or usage
            for choice in part.choices or ():
                delta = choice.delta or _Text()
                end = "content_filter" if delta.refusal else choice.finish_reason or end
                if delta.content:
                    pieces.append(delta.content)
                    progress(delta.content)
        if end is None and not pieces:
            raise UnreadableError("no completion")
        if end is None:
            raise CutOffError("the stream ended before the completion")
        return self._reply("".join(pieces), model, usage, end, prompt)

    def _reply(self, text: str, model: str | None, usage: Any, end: str | None, prompt: Prompt) -> Reply:
        try:
            used = read(usage, _Usage)
        except UnreadableError:  # many servers count nothing
            used = None
        took, gave = (used.prompt_tokens, used.completion_tokens) if used else (0, 0)
        known = used is not None and not self._base_url  # another server's model of the same name has its own price
        return Reply(
            text=text,
            model=named(model),
            input_tokens=took,
            output_tokens=gave,
            counted=used is not None,
            cost_usd=cost(model, took, gave) if known else None,
            end=_ENDS.get(end or "", "done"),
            notes=prompt.notes,
        )
