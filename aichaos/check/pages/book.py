"""Reads the pages. An example is a base document with changes, as an RFC 7386 merge patch, or a text where the text itself is wrong."""

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from aichaos.check.documents import review
from aichaos.check.suppress import sift
from aichaos.domain import forms
from aichaos.domain.finding import Finding
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.snapshot import Gap, Source
from aichaos.files import yaml
from aichaos.files.plain import merged, sequence
from aichaos.observe import manifests
from aichaos.observe.topology import Topology

_FILE = "example.yaml"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. right: None where the rule's own fix of `wrong` is the passing example.

    cluster: objects that are there, or "" offline. absent: kinds that it does not serve. policy: what the settings hold.
    """

    rule: str
    why: str
    wrong: str
    right: str | None
    cluster: str = ""
    absent: tuple[str, ...] = ()
    policy: Policy = NO_POLICY


def cluster_of(page: Page) -> Topology | None:
    """The cluster that the examples of a page are checked against; None where they are checked offline."""
    if not page.cluster:
        return None
    objects = manifests.objects(yaml.load(page.cluster, "cluster.yaml"))
    seen = manifests.assume(manifests.snapshot(objects, Source(kind="live", cluster="example")))
    gaps = tuple(Gap(kind=kind, reason="absent") for kind in page.absent)
    return Topology(msgspec.structs.replace(seen, gaps=(*seen.gaps, *gaps)))


def judged(text: str, page: Page) -> list[Finding]:
    """What check says about an example of a page, under its cluster and policy."""
    found = review([(_FILE, text)], cluster_of(page), page.policy)
    return sift(found, {_FILE: text}, set())[0].findings


@cache
def book() -> dict[str, Page]:
    """Rule → its page."""
    folder = files("aichaos.check.pages")
    clusters = yaml.load((folder / "clusters.yaml").read_text(encoding="utf-8"), "clusters.yaml")[0]
    pages = {}
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.name.endswith(".yaml") and entry.name != "clusters.yaml":
            (family,) = yaml.load(entry.read_text(encoding="utf-8"), entry.name)
            for rule, page in family["rules"].items():
                pages[rule] = _page(rule, page, family.get("bases", {}), clusters)
    return pages


def _page(rule: str, page: dict[str, Any], bases: dict[str, Any], clusters: dict[str, Any]) -> Page:
    base = bases.get(page.get("base", ""), {})
    right = page.get("right", ...)
    objects = [obj for name in page.get("cluster", ()) for obj in clusters[name]]
    return Page(
        rule=rule,
        why=" ".join(page["why"].split()),
        wrong=_text(page["wrong"], base),
        right=None if right is ... else _text(right, base),
        absent=tuple(page.get("absent", ())),
        policy=forms.convert(page.get("policy", {}), Policy),
        cluster="---\n".join(yaml.dump(obj) for obj in objects),
    )


def _text(example: Any, base: dict[str, Any]) -> str:
    """A text as it stands, a list of whole documents, or changes of the base."""
    if isinstance(example, str):
        return example
    if isinstance(example, list):
        return "---\n".join(yaml.dump(document) for document in example)
    return yaml.dump(merged(base, example))


_LONGEST = 300


@cache
def example(rule: str) -> str:
    """How it looks where a rule lets it pass, on one line: the field that it is about, of the passing example of its page; "" without."""
    page = book().get(rule)
    told = next((one for one in judged(page.wrong, page) if one.rule == rule), None) if page is not None else None
    if page is None or told is None:
        return ""
    right = yaml.load(page.right, _FILE)[0] if page.right is not None else _fixed(page, told)
    *above, field = told.path.split("/")[1:] or [""]
    for part in above:
        right = right.get(part) if isinstance(right, dict) else dict(enumerate(sequence(right))).get(int(part) if part.isdigit() else -1)
    if not isinstance(right, dict):
        return ""
    shown = yaml.inline({field: right[field]} if field in right else right)
    return shown if len(shown) <= _LONGEST else ""


def _fixed(page: Page, told: Finding) -> Any:
    from aichaos.check.fixes import applied

    assert told.fix is not None, page.rule
    return applied(yaml.load(page.wrong, _FILE)[0], told.fix.patch)
