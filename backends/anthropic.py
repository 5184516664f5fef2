"""Anthropic's models, through their SDK.

The SDK is imported when the first question is asked (it costs over a second). Its own retries are off: tenacity is the one place for
them. No sampling parameter is sent: current models refuse `temperature`, and variety is the prompt's business.
"""

import os
from typing import TYPE_CHECKING, Any, ClassVar

import tenacity

from aichaos.ask.protocol import Options, Progress, Question, Reply
from aichaos.errors import BackendError, MissingKeyError

if TYPE_CHECKING:
    import anthropic

DEFAULT_MODEL = "claude-sonnet-5-5"
_ATTEMPTS = 4
_LONGEST_WAIT = 60.0
"""Seconds; a provider that asks for more is not waited for."""


class AnthropicBackend:
    name: ClassVar[str] = "anthropic"
    about: ClassVar[str] = "Anthropic's models (also as: claude)"
    key_variable: ClassVar[str | None] = "ANTHROPIC_API_KEY"
    prompted: ClassVar[bool] = True
    remote: ClassVar[bool] = True

    def __init__(self, options: Options) -> None:
        if not os.environ.get("ANTHROPIC_API_KEY"):
            raise MissingKeyError(
                "the backend anthropic needs a key", hint="Set ANTHROPIC_API_KEY, or work offline with --backend playbook."
            )
        self.model: str | None = options.model or DEFAULT_MODEL
        self._options = options

    def answer(self, question: Question, progress: Progress) -> Reply:
        import anthropic

        options = self._options
        client = anthropic.Anthropic(base_url=options.base_url, timeout=options.timeout, max_retries=0)
        try:
            message = _retrying(anthropic)(
                client.messages.create,
                model=self.model or DEFAULT_MODEL,
                max_tokens=options.max_tokens,
                system=question.prompt.system,
                messages=[{"role": turn.role, "content": turn.text} for turn in question.prompt.turns],
            )
        except anthropic.AnthropicError as error:
            raise _translated(error, options) from error
        finally:
            client.close()
        if not isinstance(message, anthropic.types.Message):  # the SDK hands on whatever a server says that is no Anthropic
            raise BackendError(
                f"the answer of {options.base_url or 'Anthropic'} can't be used", hint="Check --base-url; is this Anthropic's API?"
            )
        text = "".join(block.text for block in message.content if block.type == "text")
        progress(text)
        end = {"max_tokens": "length", "model_context_window_exceeded": "length", "refusal": "refused"}.get(
            message.stop_reason or "", "done"
        )
        return Reply(
            text=text,
            model=message.model,
            input_tokens=message.usage.input_tokens,
            output_tokens=message.usage.output_tokens,
            end=end,  # type: ignore[arg-type]
            notes=question.prompt.notes,
        )


def _retrying(sdk: Any) -> tenacity.Retrying:
    """Once more after a rate limit, an overload or a lost connection; never after an answer that asking again won't change."""

    def passing(error: BaseException) -> bool:
        if isinstance(error, sdk.APIStatusError):
            return error.status_code in (408, 409, 429) or error.status_code >= 500
        return isinstance(error, sdk.APIConnectionError) and not isinstance(error, sdk.APITimeoutError)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(passing),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        wait=_wait,
        reraise=True,
    )


def _wait(state: tenacity.RetryCallState) -> float:
    """As long as the provider says (Retry-After in seconds), else growing and spread out."""
    error = state.outcome.exception() if state.outcome else None
    headers = getattr(getattr(error, "response", None), "headers", {})
    said = str(headers.get("retry-after", ""))
    if said.replace(".", "", 1).isdigit():
        return min(float(said), _LONGEST_WAIT)
    return float(tenacity.wait_exponential_jitter(initial=1, max=20)(state))


def _translated(error: "anthropic.AnthropicError", options: Options) -> BackendError:
    """The SDK's error as ours: one line, without the key and without the body."""
    import anthropic

    where = options.base_url or "Anthropic"
    match error:
        case anthropic.AuthenticationError() | anthropic.PermissionDeniedError():
            return BackendError(f"{where} refuses the key", hint="Check ANTHROPIC_API_KEY.")
        case anthropic.NotFoundError():
            return BackendError(f"{where} knows no model {options.model or DEFAULT_MODEL!r}", hint="Name another one with --model.")
        case anthropic.RateLimitError():
            return BackendError(
                f"{where} limits the rate, also after {_ATTEMPTS} tries", hint="Wait a minute, or ask for fewer suggestions."
            )
        case anthropic.APITimeoutError():
            return BackendError(f"{where} did not answer within {options.timeout:g} s", hint="Try again, or set AICHAOS_TIMEOUT higher.")
        case anthropic.APIConnectionError():
            return BackendError(f"{where} can't be reached", hint="Check the network, the proxy and --base-url.")
        case anthropic.APIStatusError():
            return BackendError(f"{where} answered with status {error.status_code}", hint="Try again later, or choose another backend.")
    return BackendError(f"the answer of {where} can't be used ({type(error).__name__})", hint="Check --base-url; is this Anthropic's API?")
