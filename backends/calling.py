"""What calls through either SDK have in common: when to try again, and what a failure is called.

Both SDKs are made by one generator: their errors bear the same names, so one table serves both. Their own retries are off: tenacity is
the one place for them. Nothing here imports an SDK; it is given one.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import tenacity

from aichaos.errors import BackendError, PromptTooLongError

ATTEMPTS = 4
_LONGEST_WAIT = 60.0
"""Seconds; a provider that asks for more is not waited for."""
_TOO_LONG = ("prompt is too long", "context_length_exceeded", "maximum context length", "context window", "exceeds the available context")
"""Parts of what servers say to a prompt that is too long (Anthropic; OpenAI and vLLM; llama.cpp)."""

T = TypeVar("T")


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """Who is called. sdk: the module. where: its name or address. key: the variable that its key stands in, None where it needs none."""

    sdk: Any
    where: str
    model: str
    key: str | None
    timeout: float


class CutOffError(Exception):
    """The connection ended in the middle of an answer."""


class UnreadableError(Exception):
    """The server answered with something that is no answer of its API."""


def calling(provider: Provider, call: Callable[[], T]) -> T:
    """The result of a call, tried again where that may help. Raises BackendError; PromptTooLongError where a shorter prompt may do."""
    import httpx2  # both SDKs bring it along

    sdk = provider.sdk
    error_base = getattr(sdk, "AnthropicError", None) or sdk.OpenAIError
    try:
        result: T = _retrying(provider)(_one_try, call, httpx2.HTTPError)
    except (error_base, CutOffError, UnreadableError, UnicodeDecodeError, ValueError) as error:
        raise _translated(error, provider) from error
    return result


def _one_try(call: Callable[[], T], transport_errors: type[Exception]) -> T:
    """One try; an answer whose stream breaks is told by the transport, past the SDK."""
    try:
        return call()
    except transport_errors as error:
        raise CutOffError(str(error)) from error


def _retrying(provider: Provider) -> tenacity.Retrying:
    """Once more after a rate limit, an overload or a lost connection; never after an answer that asking again won't change."""
    sdk = provider.sdk

    def passing(error: BaseException) -> bool:
        if isinstance(error, sdk.APIStatusError):
            spent = getattr(error, "code", None) == "insufficient_quota"
            return not spent and (error.status_code in (408, 409, 429) or error.status_code >= 500)
        lost = isinstance(error, sdk.APIConnectionError) and not isinstance(error, sdk.APITimeoutError)
        return lost or isinstance(error, CutOffError) or _overloaded(error)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(passing), stop=tenacity.stop_after_attempt(ATTEMPTS), wait=_wait, reraise=True
    )


def _overloaded(error: BaseException) -> bool:
    """An overload that is told in the stream itself, after the status 200."""
    body = getattr(error, "body", None)
    said = body.get("error", body) if isinstance(body, dict) else None
    return isinstance(said, dict) and said.get("type") == "overloaded_error"


def _wait(state: tenacity.RetryCallState) -> float:
    """As long as the provider says (Retry-After in seconds), else growing and spread out."""
    error = state.outcome.exception() if state.outcome else None
    headers = getattr(getattr(error, "response", None), "headers", {})
    said = str(headers.get("retry-after", ""))
    if said.replace(".", "", 1).isdigit():
        return min(float(said), _LONGEST_WAIT)
    return float(tenacity.wait_exponential_jitter(initial=1, max=20)(state))


def refuses_schema(error: Any) -> bool:
    """Whether a server has no structured output, or not for this schema: it then refuses the request and names the field."""
    said = str(getattr(error, "message", error)).lower()
    return error.status_code in (400, 404, 415, 422, 501) and any(
        word in said for word in ("response_format", "output_config", "output_format", "json_schema", "schema", "structured", "grammar")
    )


def _too_long(error: Any) -> bool:
    said = f"{getattr(error, 'message', '')} {getattr(error, 'code', '')}".lower()
    return error.status_code == 413 or (error.status_code == 400 and any(part in said for part in _TOO_LONG))


def _translated(error: Exception, provider: Provider) -> BackendError:
    """An error as ours: one line, without the key and without the body."""
    sdk, where = provider.sdk, provider.where
    match error:
        case CutOffError():
            return BackendError(f"the connection to {where} was cut in the middle of its answer, {ATTEMPTS} times", hint="Try again later.")
        case sdk.AuthenticationError() | sdk.PermissionDeniedError():
            return BackendError(f"{where} refuses the key", hint=f"Check {provider.key}." if provider.key else "Does it need a key?")
        case sdk.NotFoundError():
            return BackendError(f"{where} knows no model {provider.model!r}", hint="Name another one with --model; check --base-url.")
        case sdk.RateLimitError() if getattr(error, "code", None) == "insufficient_quota":
            return BackendError(f"{where} says that the quota is used up", hint="Look at the plan and the limits of your account there.")
        case sdk.RateLimitError():
            return BackendError(
                f"{where} limits the rate, also after {ATTEMPTS} tries", hint="Wait a minute, or ask for fewer suggestions."
            )
        case sdk.APITimeoutError():
            return BackendError(f"{where} did not answer within {provider.timeout:g} s", hint="Try again, or set AICHAOS_TIMEOUT higher.")
        case sdk.APIConnectionError():
            return BackendError(f"{where} can't be reached", hint="Check the network, the proxy and --base-url.")
        case sdk.APIStatusError() if _too_long(error):
            return PromptTooLongError(f"the prompt is too long for {provider.model}", hint="Name a namespace with -n, or another --model.")
        case sdk.APIStatusError() if error.status_code == 529 or _overloaded(error):
            return BackendError(f"{where} is overloaded, also after {ATTEMPTS} tries", hint="Try again later.")
        case sdk.APIStatusError():
            return BackendError(f"{where} answered with status {error.status_code}", hint="Try again later, or choose another backend.")
    hint = "Check --base-url: does it lead to the API that this backend speaks?"
    why = "it is not text" if isinstance(error, UnicodeDecodeError) else "it is none of its API; a web page, perhaps"
    return BackendError(f"the answer of {where} can't be used: {why}", hint=hint)
