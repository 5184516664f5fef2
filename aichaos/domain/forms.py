"""From JSON, or plain values, to our types: the one place where msgspec is asked for them.

msgspec works out what a type looks like when it is first used, and remembers that. Two threads that do so at the same time crash the
process (seen with 0.22: the second one is given what the first has only half written). So it is done under a lock here, once for each type.
"""

import threading
from collections.abc import Hashable
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")
Data = bytes | bytearray | str | msgspec.Raw

_LOCK = threading.Lock()
_KNOWN: dict[Hashable, msgspec.json.Decoder[Any]] = {}


@overload
def decoder(type: type[T]) -> "msgspec.json.Decoder[T]": ...
@overload
def decoder(type: Any) -> "msgspec.json.Decoder[Any]": ...
def decoder(type: Any) -> "msgspec.json.Decoder[Any]":
    """A decoder of a type, whose form is known by then; always the same one."""
    found = _KNOWN.get(type)
    if found is None:
        with _LOCK:
            found = _KNOWN.get(type) or msgspec.json.Decoder(type)
            _KNOWN[type] = found
    return found


@overload
def decode(data: Data, type: type[T]) -> T: ...
@overload
def decode(data: Data, type: Any) -> Any: ...
def decode(data: Data, type: Any) -> Any:
    """Raises msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError."""
    return decoder(type).decode(data)


@overload
def convert(value: Any, type: type[T], *, strict: bool = True, from_attributes: bool = False) -> T: ...
@overload
def convert(value: Any, type: Any, *, strict: bool = True, from_attributes: bool = False) -> Any: ...
def convert(value: Any, type: Any, *, strict: bool = True, from_attributes: bool = False) -> Any:
    """Raises msgspec.ValidationError."""
    decoder(type)
    return msgspec.convert(value, type, strict=strict, from_attributes=from_attributes)
