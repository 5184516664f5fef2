"""Around a model, or around any callable: the same faults for functions and for coroutines."""

import asyncio
import functools
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Any, ParamSpec, TypeVar, cast

from aichaos.inject.chaos import Chaos, Dice, InjectedFailure, InjectedTimeout
from aichaos.inject.wrong import wrong_answer

P = ParamSpec("P")
R = TypeVar("R")
Spoil = Callable[[Any], Any]


def chaotic(call: Callable[P, R], chaos: Chaos | None = None, *, spoil: Spoil = wrong_answer, dice: Dice | None = None) -> Callable[P, R]:
    """The callable with faults; the callable itself where there are none. chaos: None to go by the environment.

    spoil: makes a wrong answer of the right one. A coroutine function stays one, and waits without blocking the loop. What yields goes on
    yielding, asynchronous or not: its fault comes when the first value is asked for, and in a wrong answer each value is wrong.
    """
    chaos = chaos if chaos is not None else Chaos.from_environment()
    if not chaos.active:
        return call
    rolled = dice or Dice(chaos=chaos)
    if _is(inspect.iscoroutinefunction, call):
        return cast(Callable[P, R], _waiting(cast(Callable[P, Awaitable[Any]], call), rolled, spoil))

    if _is(inspect.isasyncgenfunction, call):
        return cast(Callable[P, R], _streaming(cast(Callable[P, AsyncIterator[Any]], call), rolled, spoil))
    if _is(inspect.isgeneratorfunction, call):
        return cast(Callable[P, R], _yielding(cast(Callable[P, Iterator[Any]], call), rolled, spoil))

    @functools.wraps(call, updated=())
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        fault, seconds = rolled.roll()
        if seconds:
            time.sleep(seconds)
        _raised(fault, seconds)
        answer = call(*args, **kwargs)
        return cast(R, spoil(answer)) if fault == "wrong" else answer

    return called


def _is(kind: Callable[[Any], bool], call: Any) -> bool:
    """Whether a function, or an object that can be called, is of a kind that `inspect` tells."""
    return kind(call) or kind(getattr(call, "__call__", None))  # noqa: B004


def _yielding(call: Callable[P, Iterator[Any]], dice: Dice, spoil: Spoil) -> Callable[P, Iterator[Any]]:
    @functools.wraps(call, updated=())
    def called(*args: P.args, **kwargs: P.kwargs) -> Iterator[Any]:
        fault, seconds = dice.roll()
        if seconds:
            time.sleep(seconds)
        _raised(fault, seconds)
        if fault == "wrong":
            yield from map(spoil, call(*args, **kwargs))
        else:
            return (yield from call(*args, **kwargs))
        return None

    return called


def _streaming(call: Callable[P, AsyncIterator[Any]], dice: Dice, spoil: Spoil) -> Callable[P, AsyncIterator[Any]]:
    @functools.wraps(call, updated=())
    async def called(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Any]:
        fault, seconds = dice.roll()
        if seconds:
            await asyncio.sleep(seconds)
        _raised(fault, seconds)
        async with aclosing(cast(Any, call(*args, **kwargs))) as values:
            async for value in values:
                yield spoil(value) if fault == "wrong" else value

    return called


def _waiting(call: Callable[P, Awaitable[Any]], dice: Dice, spoil: Spoil) -> Callable[P, Awaitable[Any]]:
    @functools.wraps(call, updated=())
    async def called(*args: P.args, **kwargs: P.kwargs) -> Any:
        fault, seconds = dice.roll()
        if seconds:
            await asyncio.sleep(seconds)
        _raised(fault, seconds)
        answer = await call(*args, **kwargs)
        return spoil(answer) if fault == "wrong" else answer

    return called


def _raised(fault: str | None, seconds: float) -> None:
    if fault == "exception":
        raise InjectedFailure("injected by aichaos: the call failed")
    if fault == "timeout":
        raise InjectedTimeout(f"injected by aichaos: no answer in {seconds:g} s")


class ChaosModelWrapper:
    """A model whose `predict` meets faults; everything else of it is as it was.

    method: which method of the model is called for answers. Off, `wrapper.predict` is the model's own bound method.
    """

    def __init__(
        self,
        model: Any,
        chaos: Chaos | None = None,
        *,
        method: str = "predict",
        spoil: Spoil | None = None,
        dice: Dice | None = None,
    ) -> None:
        if not callable(getattr(model, method, None)):
            raise TypeError(f"{type(model).__name__} has no method {method!r} to wrap; say which one with method=")
        self._model = model
        classes = getattr(model, "classes_", None)
        makes_wrong = spoil or (functools.partial(wrong_answer, classes=list(classes)) if classes is not None else wrong_answer)
        setattr(self, method, chaotic(getattr(model, method), chaos, spoil=makes_wrong, dice=dice))

    def __getattr__(self, name: str) -> Any:
        if name == "_model":  # while a copy is being made, before there is one
            raise AttributeError(name)
        return getattr(self._model, name)
