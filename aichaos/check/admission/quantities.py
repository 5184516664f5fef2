"""Amounts: how much a quantity is, and which resources may be asked for (ValidateResourceRequirements of k8s.io/kubernetes)."""

import re
from decimal import Decimal, InvalidOperation

from aichaos.check.admission import names
from aichaos.check.admission.spot import Problems, Spot

_SUFFIXES = {
    **{"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18},
}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_QUANTITY = re.compile(r"([+-]?[0-9]*\.?[0-9]*)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,3})?", re.ASCII)

_CONTAINER = frozenset({"cpu", "memory", "ephemeral-storage"})
_WHOLE = frozenset({"pods", "services", "secrets", "configmaps", "replicationcontrollers", "resourcequotas", "persistentvolumeclaims"})
_STANDARD = _CONTAINER | {"storage"} | _WHOLE


def amount(spot: Spot) -> Decimal | None:
    """How much that is; None where it is no quantity."""
    value = spot.value
    if isinstance(value, bool) or value is None:
        return None
    found = _QUANTITY.fullmatch(str(value).strip())
    if found is None or not str(value).strip():
        return None
    # To Go a number without a digit is zero.
    number, suffix = found[1] if found[1].strip("+-.") else "0", found[2] or ""
    try:
        if suffix in _BINARY:
            return Decimal(number) * Decimal(2) ** _BINARY[suffix]
        if suffix and suffix[0] in "eE" and len(suffix) > 1:
            return Decimal(f"{number}{suffix}")
        return Decimal(number).scaleb(_SUFFIXES[suffix])
    except InvalidOperation:
        return None


def is_whole(much: Decimal) -> bool:
    """Not by a remainder, which Decimal refuses to work out for what is large."""
    return much == much.to_integral_value()


def amount_in(of: Spot, key: str) -> Decimal | None:
    """The amount of a resource in a map of them; one that is null is zero to Go."""
    return Decimal(0) if of.has(key) and not of[key] else amount(of[key])


def resource_name(text: str) -> str | None:
    """A name such as cpu, or example.com/gpu."""
    if problem := names.qualified(text):
        return problem
    return (
        None
        if "/" in text or text in _STANDARD or text.startswith("hugepages-")
        else "it is no resource that the server knows; others have a domain, as in example.com/gpu"
    )


def resources(spot: Spot, limits: Spot | None = None) -> Problems:
    """The requests and limits of a container; limits: where they stand under another name."""
    limits, requests = spot["limits"] if limits is None else limits, spot["requests"]
    for of in (limits, requests):
        for key in of.every_key():
            value = of[key]
            if problem := resource_name(key):
                yield value.invalid(f"the resource {key[:60]!r}: {problem}")
            elif "/" not in key and key not in _CONTAINER and not key.startswith("hugepages-"):
                yield value.invalid(f"{key} is nothing that a container can ask for")
            much = amount(value)
            if much is not None and much < 0:
                yield value.invalid("it must be 0 or more")
            elif much is not None and _is_counted(key) and not is_whole(much):
                yield value.invalid("it must be a whole number")
    for key, value in requests.pairs():
        limit, much = amount_in(limits, key), amount(value)
        if limit is None and not limits[key]:
            if _is_counted(key):
                yield limits[key].required(f"{key} needs a limit that is the same as the request")
        elif much is not None and limit is not None and (much > limit or (_is_counted(key) and much != limit)):
            yield value.invalid(f"a request is not more than its limit, {limits[key].value}")
    if any(key.startswith("hugepages-") for of in (limits, requests) for key, _ in of.pairs()) and not any(
        key in ("cpu", "memory") for of in (limits, requests) for key, _ in of.pairs()
    ):
        yield spot.forbidden("huge pages need cpu or memory beside them")


def _is_counted(key: str) -> bool:
    """Extended resources come in whole pieces, and are never overcommitted; neither are huge pages."""
    if key.startswith("hugepages-"):
        return True
    return "/" in key and "kubernetes.io/" not in key and not key.startswith("requests.")
