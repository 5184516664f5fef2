"""OpenAI's models, and every server that speaks the same Chat Completions API: Ollama, vLLM, llama.cpp, LM Studio, a gateway.

The SDK is imported when the first question is asked. A server of one's own (`--base-url`) often needs no key, counts tokens or does not,
and has structured output or has not; each is found out and said, never assumed.
"""

import os
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlsplit

from aichaos.ask.protocol import Options, Progress, Prompt, Question, Reply
from aichaos.backends.calling import CutOffError, Provider, UnreadableError, calling, refuses_schema
from aichaos.backends.prices import cost
from aichaos.errors import MissingKeyError

if TYPE_CHECKING:
    import openai

DEFAULT_MODEL = "gpt-6.1-sol"
_ENDS: dict[str, Literal["length", "refused"]] = {"length": "length", "content_filter": "refused"}
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class OpenAIBackend:
    name: ClassVar[str] = "openai"
    about: ClassVar[str] = "OpenAI's models, or any server with the same API by --base-url (Ollama, vLLM, llama.cpp, LM Studio)"
    key_variable: ClassVar[str | None] = "OPENAI_API_KEY"
    prompted: ClassVar[bool] = True
    default_model: ClassVar[str | None] = DEFAULT_MODEL

    def __init__(self, options: Options) -> None:
        self._key = os.environ.get("OPENAI_API_KEY")
        if not self._key and options.base_url is None:
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
        return not self._options.base_url or urlsplit(self._options.base_url).hostname not in _THIS_MACHINE

    def answer(self, question: Question, progress: Progress) -> Reply:
        import openai

        options, prompt = self._options, question.prompt
        model = self.model or DEFAULT_MODEL
        where = options.base_url or "OpenAI"
        key = self.key_variable if self._key else None
        provider = Provider(sdk=openai, where=where, model=model, key=key, timeout=options.timeout)
        with openai.OpenAI(api_key=self._key or "none", base_url=options.base_url, timeout=options.timeout, max_retries=0) as client:
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
        limit = "max_tokens" if self._options.base_url else "max_completion_tokens"
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

        if not isinstance(completion, openai.types.chat.ChatCompletion) or not completion.choices:
            raise UnreadableError("no completion")
        choice = completion.choices[0]
        text = choice.message.content or ""
        progress(text)
        end = "content_filter" if choice.message.refusal else choice.finish_reason
        return self._reply(text, completion.model, completion.usage, end, prompt)

    def _streamed(self, chunks: Any, prompt: Prompt, progress: Progress) -> Reply:
        pieces: list[str] = []
        model: str | None = None
        end: str | None = None
        usage: Any = None
        for chunk in chunks:
            model, usage = getattr(chunk, "model", None) or model, getattr(chunk, "usage", None) or usage
            for choice in getattr(chunk, "choices", None) or ():
                end = choice.finish_reason or end
                if getattr(choice.delta, "refusal", None):
                    end = "content_filter"
                if choice.delta.content:
                    pieces.append(choice.delta.content)
                    progress(choice.delta.content)
        if end is None and not pieces:
            raise UnreadableError("no completion")
        if end is None:
            raise CutOffError("the stream ended before the completion")
        return self._reply("".join(pieces), model, usage, end, prompt)

    def _reply(self, text: str, model: str | None, usage: Any, end: str | None, prompt: Prompt) -> Reply:
        took, gave = (usage.prompt_tokens, usage.completion_tokens) if usage is not None else (0, 0)
        known = usage is not None and not self._options.base_url  # another server's model of the same name has its own price
        return Reply(
            text=text,
            model=model,
            input_tokens=took,
            output_tokens=gave,
            counted=usage is not None,
            cost_usd=cost(model, took, gave) if known else None,
            end=_ENDS.get(end or "", "done"),
            notes=prompt.notes,
        )
