"""What calls through either SDK have in common: when to try again, and what a failure is called.

Both SDKs are made by one generator: their errors bear the same names, so one table serves both. Their own retries are off: tenacity is
the one place for them. Nothing here imports an SDK; it is given one.
"""

import os
import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from time import time
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import tenacity

from aichaos.ask.redact import without_secrets
from aichaos.backends.guarded import CompressedError, EndlessError, LateError
from aichaos.domain import forms
from aichaos.errors import BackendError, MissingKeyError, PromptTooLongError

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


def key_in(variable: str) -> str | None:
    """The key in a variable, None where there is none. Raises MissingKeyError for what can be no key: it could not even be sent."""
    found = os.environ.get(variable, "").strip()
    if not (found.isascii() and found.isprintable()):
        hint = "Copy the key again, on one line and without quotation marks."
        raise MissingKeyError(f"{variable} holds what no key can hold: letters beyond ASCII, or more than one line", hint=hint)
    return found or None


def named(model: str | None) -> str | None:
    """The model that answered, as a server calls it, so that it can stand in a line."""
    return model and "".join(one for one in model if one.isprintable())[:100]


class CutOffError(Exception):
    """The connection ended in the middle of an answer."""


class UnreadableError(Exception):
    """The server answered with something that is no answer of its API."""


Count = Annotated[int, msgspec.Meta(ge=0)]
"""Tokens as a provider counts them."""


def read(value: Any, form: type[T]) -> T:
    """What an SDK made of an answer, in a form that it surely has: the SDKs hand on whatever stands there. Raises UnreadableError."""
    try:
        return forms.convert(value, form, from_attributes=True)
    except msgspec.ValidationError as error:
        raise UnreadableError(str(error)) from error


def calling(provider: Provider, call: Callable[[], T]) -> T:
    """The result of a call, tried again where that may help. Raises BackendError; PromptTooLongError where a shorter prompt may do."""
    import httpx2  # both SDKs bring it along

    sdk = provider.sdk
    error_base = getattr(sdk, "AnthropicError", None) or sdk.OpenAIError
    try:
        result: T = _retrying(provider)(_one_try, call, httpx2)
    except (error_base, *_OURS, UnicodeDecodeError, ValueError) as error:
        raise _translated(error, provider) from error
    return result


_OURS = (CutOffError, UnreadableError, LateError, EndlessError, CompressedError)


def _one_try(call: Callable[[], T], httpx2: Any) -> T:
    """One try; an answer whose stream breaks is told by the transport, past the SDK, or by the SDK as a lost connection."""
    try:
        return call()
    except httpx2.TimeoutException as error:
        raise LateError from error
    except httpx2.HTTPError as error:
        raise CutOffError(str(error)) from error
    except Exception as error:
        if isinstance(error.__cause__, _OURS):
            raise error.__cause__ from error
        raise


def _retrying(provider: Provider) -> tenacity.Retrying:
    """Once more after a rate limit, an overload or a lost connection; never after an answer that asking again won't change."""
    sdk = provider.sdk

    def passing(error: BaseException) -> bool:
        if isinstance(error, sdk.APIStatusError):
            spent = getattr(error, "code", None) == "insufficient_quota"
            return not spent and _wanted(error) <= _LONGEST_WAIT and (error.status_code in (408, 409, 429) or error.status_code >= 500)
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
    """As long as the provider says, else growing and spread out."""
    error = state.outcome.exception() if state.outcome else None
    return _wanted(error, float(tenacity.wait_exponential_jitter(initial=1, max=20)(state)))


def _wanted(error: Any, otherwise: float = 0.0) -> float:
    """Seconds that the provider wants us to wait: Retry-After in seconds or as a date."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    said = str(headers.get("retry-after", ""))
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", said, re.ASCII):
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time())
    except (ValueError, OverflowError):
        return otherwise


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
        case LateError() | sdk.APITimeoutError():
            return BackendError(f"{where} did not answer within {provider.timeout:g} s", hint="Try again, or set AICHAOS_TIMEOUT higher.")
        case EndlessError():
            return BackendError(f"the answer of {where} has no end: {error}", hint="Is this a model? Check --base-url.")
        case CompressedError():
            hint = "Check what stands between here and --base-url: we ask for plain answers."
            return BackendError(f"the answer of {where} can't be used: it is compressed", hint=hint)
        case CutOffError():
            return BackendError(f"the connection to {where} was cut in the middle of its answer, {ATTEMPTS} times", hint="Try again later.")
        case sdk.AuthenticationError() | sdk.PermissionDeniedError():
            return BackendError(f"{where} refuses the key", hint=f"Check {provider.key}." if provider.key else "Does it need a key?")
        case sdk.NotFoundError() if not isinstance(error.body, dict):
            hint = "Check --base-url; for most servers with OpenAI's API it ends with /v1."
            return BackendError(f"{where} has nothing at this address", hint=hint)
        case sdk.NotFoundError():
            return BackendError(f"{where} knows no model {provider.model!r}", hint="Name another one with --model; check --base-url.")
        case sdk.RateLimitError() if getattr(error, "code", None) == "insufficient_quota":
            return BackendError(f"{where} says that the quota is used up", hint="Look at the plan and the limits of your account there.")
        case sdk.RateLimitError() if (wait := _wanted(error)) > _LONGEST_WAIT:
            return BackendError(f"{where} limits the rate and wants us to wait {wait:,.0f} s", hint="Try again after that time.")
        case sdk.RateLimitError():
            return BackendError(
                f"{where} limits the rate, also after {ATTEMPTS} tries", hint="Wait a minute, or ask for fewer suggestions."
            )
        case sdk.APIConnectionError():
            return BackendError(f"{where} can't be reached", hint="Check the network, the proxy and --base-url.")
        case sdk.APIStatusError() if _too_long(error):
            return PromptTooLongError(f"the prompt is too long for {provider.model}", hint="Name a namespace with -n, or another --model.")
        case sdk.APIStatusError() if error.status_code == 529 or _overloaded(error):
            return BackendError(f"{where} is overloaded, also after {ATTEMPTS} tries", hint="Try again later.")
        case sdk.APIStatusError(status_code=status) if 300 <= status < 400:
            hint = "Nothing was sent there. If you trust that address, name it with --base-url."
            return BackendError(f"{where} sends us {_elsewhere(error)}", hint=hint)
        case sdk.APIStatusError(status_code=status) if 400 <= status < 500:
            hint = "Check --model and --base-url: asking again won't change it."
            return BackendError(f"{where} refuses the request with status {status}{_said(error, provider)}", hint=hint)
        case sdk.APIStatusError(status_code=status) if status >= 500:
            hint = "Try again later, or choose another backend."
            return BackendError(f"{where} answered with status {status}{_said(error, provider)}", hint=hint)
        case sdk.APIResponseValidationError():
            pass
        case sdk.APIError():
            hint = "Try again later, or choose another model or backend."
            return BackendError(f"{where} ended its answer with an error{_said(error, provider)}", hint=hint)
    hint = "Check --base-url: does it lead to the API that this backend speaks?"
    why = "it is not text" if isinstance(error, UnicodeDecodeError) else "it is none of its API; a web page, perhaps"
    return BackendError(f"the answer of {where} can't be used: {why}", hint=hint)


_LONGEST_SAID = 200


def _said(error: Any, provider: Provider) -> str:
    """What a server says of an error, on one line and without secrets; "" where it says nothing."""
    said: Any = error.body
    for name in ("error", "message"):
        said = said.get(name, said) if isinstance(said, dict) else said
    key = os.environ.get(provider.key or "", "").strip()
    text = said.replace(key, "(key)") if isinstance(said, str) and key else said
    if not isinstance(text, str) or "<html" in text.lower():
        return ""
    words = " ".join("".join(one if one.isprintable() else " " for one in without_secrets(text[:5_000])).split())
    return f": {words[:_LONGEST_SAID]}{'…' if len(words) > _LONGEST_SAID else ''}" if words else ""


def _elsewhere(error: Any) -> str:
    """Where a redirect leads: scheme, host and port."""
    try:
        there = urlsplit(str(error.response.headers.get("location", "")))
        host = f"{there.scheme}://{there.hostname}" + (f":{there.port}" if there.port else "")
    except ValueError:
        return "elsewhere"
    return f"to {host}" if there.hostname and host.isascii() and host.isprintable() else "to another address of its own"
