"""Which of two objects is older, where that can be known.

`creationTimestamp` has a resolution of one second. None: the source does not say it. "": older than everything that is created from now on,
and by how much is not known; that is how an experiment starts from a cluster without dates.
"""

from aichaos.domain.base import KubeObject

_LAST = "~"


def age(obj: KubeObject) -> str:
    """Sorts the oldest first; what has no date last, which is a guess: see `undecided`."""
    created = obj.metadata.creation_timestamp
    return _LAST if created is None else created


def undecided(one: KubeObject, other: KubeObject) -> bool:
    """Whether nobody can say which of two objects is older."""
    mine, its = one.metadata.creation_timestamp, other.metadata.creation_timestamp
    return mine is None or its is None or mine == its == ""


def older_first(obj: KubeObject) -> tuple[str, str]:
    """Sorts the oldest first, ties by `namespace/name`."""
    return age(obj), f"{obj.namespace}/{obj.name}"
