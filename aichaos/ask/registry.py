"""Which backends exist, and how one is opened by its name.

Ours stand in a table, so that finding one costs nothing; everybody else's come from the entry point group `aichaos.backends`.
A name that nobody knows is an error: never is another backend taken instead.
"""

import importlib
import os
from typing import cast

import msgspec

from aichaos.ask.protocol import Backend, Options
from aichaos.errors import BackendError, UnknownBackendError

GROUP = "aichaos.backends"
DEFAULT = "playbook"
_OURS = {
    "anthropic": "aichaos.backends.anthropic:AnthropicBackend",
    "openai": "aichaos.backends.openai:OpenAIBackend",
    "playbook": "aichaos.backends.playbook:PlaybookBackend",
    "replay": "aichaos.backends.replay:ReplayBackend",
}
_ALIASES = {"claude": "anthropic"}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `aichaos backends`. state: `ready`, or what is missing."""

    name: str
    about: str
    remote: bool
    model: str | None
    state: str


def open_backend(name: str, options: Options) -> Backend:
    """The backend of that name. Raises UnknownBackendError, or MissingKeyError where it needs a key and there is none."""
    return find(name)(options)


def known_names() -> list[str]:
    """The names of all backends, without loading any."""
    return sorted({*_OURS, *_plugins()})


def listed(options: Options) -> list[Listed]:
    """All backends by name, and whether each could be used now. One that can't even be loaded says so."""
    return [_line(name, options) for name in known_names()]


def _line(name: str, options: Options) -> Listed:
    try:
        backend = find(name)
    except BackendError as error:
        return Listed(name=name, about="", remote=True, model=None, state=str(error))
    missing = backend.key_variable and not os.environ.get(backend.key_variable)
    state = f"needs {backend.key_variable}" if missing else "ready"
    opened = None if missing else backend(options)
    said: object = opened.remote if opened else backend.remote
    # a class whose answer depends on its options can't say before it is opened
    remote = said if isinstance(said, bool) else True
    return Listed(name=name, about=backend.about, remote=remote, model=opened.model if opened else default_model(name), state=state)


def default_model(name: str) -> str | None:
    """The model that a backend asks where nobody names one; None for a backend that says none."""
    found: object = getattr(find(name), "default_model", None)
    return found if isinstance(found, str) else None


class _Class(Backend):
    """What the table and the entry points name: a class that is called with Options."""

    def __init__(self, options: Options) -> None: ...


def find(name: str) -> type[_Class]:
    """The class of that name, not opened. Raises UnknownBackendError."""
    known = _ALIASES.get(name, name)
    location = _OURS.get(known) or _plugins().get(known)
    if location is None:
        names = ", ".join(known_names())
        raise UnknownBackendError(f"no backend is called {name!r}", hint=f"The backends are {names}; see `aichaos backends`.")
    module, _, attribute = location.partition(":")
    try:
        return cast("type[_Class]", getattr(importlib.import_module(module), attribute))
    except (ImportError, AttributeError) as error:
        raise BackendError(f"the backend {known} cannot be loaded: {error}", hint="Install it again, or choose another one.") from error


def _plugins() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=GROUP)}
