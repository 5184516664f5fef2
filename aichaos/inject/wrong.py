"""A wrong answer made of the right one: of the same type and shape, and different."""

from collections.abc import Sequence
from typing import Any


def wrong_answer(answer: Any, classes: Sequence[Any] = ()) -> Any:
    """The next class where classes are known; else a number of the other sign, the other truth, a text that is another, part by part.

    Arrays (anything with `tolist` and `shape`, as numpy's) keep their type. Raises TypeError for what can't be spoiled without knowing what
    it means: then say how with `spoil=`.
    """
    if hasattr(answer, "tolist") and hasattr(answer, "shape"):
        return _array(answer, classes)
    if classes and answer in classes:
        return classes[(list(classes).index(answer) + 1) % len(classes)] if len(classes) > 1 else _plain(answer)
    if isinstance(answer, dict):
        return {key: wrong_answer(value, classes) for key, value in answer.items()}
    if isinstance(answer, tuple) and hasattr(answer, "_make"):
        return answer._make(wrong_answer(value, classes) for value in answer)
    if isinstance(answer, (list, tuple)):
        return type(answer)(wrong_answer(value, classes) for value in answer)
    return _plain(answer)


def _plain(answer: Any) -> Any:
    match answer:
        case bool():
            return not answer
        case int() | float():
            return -answer if answer and answer == answer else type(answer)(1)
        case str():
            return answer[::-1] if answer != answer[::-1] else f"{answer}?"
        case bytes():
            return bytes(byte ^ 255 for byte in answer) or b"?"
        case None:
            return 0
    raise TypeError(f"no wrong answer is known for a {type(answer).__name__}; say how one is made with spoil=")


def _array(answer: Any, classes: Sequence[Any]) -> Any:
    import numpy

    plain = [value.item() if hasattr(value, "item") else value for value in classes]
    spoiled = numpy.array(wrong_answer(answer.tolist(), plain))
    kept = spoiled.astype(answer.dtype, copy=False) if answer.dtype.kind in "biufSU" and answer.dtype.kind not in "SU" else spoiled
    return kept.reshape(answer.shape) if answer.shape else kept[()]
