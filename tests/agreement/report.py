"""The campaign's result as a page: what was asked of whom, how often both agreed, and every document where they did not."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from aichaos.check.admission import validated_kinds
from tests.controlplane import recipe

from .compare import Judged
from .server import CRDS

_WIDTH = 400

# Why a disagreement stands, by what the server or we said about it.
REASONS: tuple[tuple[str, str], ...] = (
    ("CSIDriver|CustomResourceDefinition|WebhookConfiguration", "The built-in validation of this kind is not looked at."),
)


def page(judged: Sequence[Judged], *, seed: int, asked: int, took: float) -> str:
    """docs/agreement.md. asked: how many manifests were made; took: seconds, the server's part alone."""
    apart = [one for one in judged if not one.agrees]
    refused = sum(not one.server.accepted for one in judged)
    parts = [
        _HEAD.format(
            seed=seed,
            asked=asked,
            judged=len(judged),
            accepted=len(judged) - refused,
            refused=refused,
            agree=len(judged) - len(apart),
            share=share(judged),
            missed=sum(not one.server.accepted for one in apart),
            alarms=sum(bool(one.server.accepted) for one in apart),
            skipped=sum(one.skipped for one in judged),
            unknown=asked - len(judged),
            kubernetes=recipe.KUBERNETES_VERSION,
            modules=", ".join(f"{module} {version}" for module, version in _modules()),
            kinds=", ".join(validated_kinds()),
            rate=round(asked / took),
        ),
        "## By family\n\n" + _table("family", judged, lambda one: [one.manifest.family]),
        "## By mutation\n\nOne manifest in ten has two.\n\n" + _table("mutation", judged, lambda one: one.manifest.mutation.split("+")),
        "## Where they differ\n\n" + ("\n".join(_told(one) for one in apart) if apart else "Nowhere, in this campaign.\n"),
    ]
    return "\n".join(parts)


def share(judged: Sequence[Judged]) -> str:
    """Per cent, rounded down: 100 is said of all alone."""
    agree = sum(one.agrees for one in judged)
    return f"{10_000 * agree // max(len(judged), 1) / 100:.2f} %"


def reason(one: Judged) -> str:
    """Why the two differ, where that is known."""
    said = one.server.message + " ".join(finding.message for finding in one.ours)
    return next((why for pattern, why in REASONS if re.search(pattern, said)), "not known yet")


def _table(what: str, judged: Sequence[Judged], keys: Callable[[Judged], Sequence[str]]) -> str:
    total, accepted, agree = Counter[str](), Counter[str](), Counter[str]()
    for one in judged:
        for key in set(keys(one)):
            total[key] += 1
            accepted[key] += bool(one.server.accepted)
            agree[key] += one.agrees
    lines = [f"| {what} | manifests | the server takes | both agree | differ |", "|---|---:|---:|---:|---:|"]
    lines += [f"| {key} | {total[key]} | {accepted[key]} | {agree[key]} | {total[key] - agree[key]} |" for key in sorted(total)]
    return "\n".join(lines) + "\n"


def _told(one: Judged) -> str:
    head = f"### {one.manifest.family}, {one.manifest.mutation}\n\n"
    ours = "; ".join(f"{finding.rule} at {finding.path}: {finding.message}" for finding in one.ours if finding.severity == "error")
    server = "takes it" if one.server.accepted else one.server.message
    facts = f"- the server: {_short(server)}\n- check: {_short(ours or 'finds no error')}\n- why: {reason(one)}\n\n"
    return f"{head}{facts}```yaml\n{one.manifest.text}```\n"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _WIDTH else text[:_WIDTH] + "…"


def _modules() -> list[tuple[str, str]]:
    crds = {download.module: download.version for part in recipe.PARTS for download in part.downloads if _has_crds(download)}
    return sorted(crds.items())


def _has_crds(download: recipe.Download) -> bool:
    return any(name.startswith("crds/") and name.removeprefix("crds/") in (*CRDS, "chaos-mesh") for name in download.files)


_HEAD = """<!-- made by: make agreement -->
# How often check and the API server agree

`aichaos check` says offline what the API server would say: its layers `syntax`, `schema` and `admission`. Here both are asked about the
same manifests. The server is a real one ({kubernetes}) with a strict dry run (`dryRun=All`, `fieldValidation=Strict`). It has the CRDs of
{modules},
of Litmus and of Crossplane's S3 provider, and Chaos Mesh's own controller, whose admission webhooks are in force.

The manifests are made from valid ones by chance: fields dropped, renamed, moved, doubled, swapped; values of wrong types, odd YAML scalars,
bad durations, quantities, names, ports, addresses, texts. The same seed makes the same manifests. The seed of this page was not looked at
before the code was finished. What only exists in a cluster (a namespace, a ServiceAccount, a PriorityClass that a manifest names) is made
when the server asks for it: that is no matter of these layers. A value that is a placeholder, `$(NAME)`, `$NAME` or `{{{{ name }}}}`, is
skipped by check and plain text to the server; none is in here.

Built-in validation, beyond structure and metadata, is checked of {kinds}; and of all kinds of Chaos Mesh.

| | |
|---|---:|
| seed | {seed} |
| manifests | {asked} |
| of these refused for what only this cluster lacks (a kind, a second family of addresses) | {unknown} |
| judged by both | {judged} |
| the server takes | {accepted} |
| the server refuses | {refused} |
| **both agree** | **{agree} ({share})** |
| check misses | {missed} |
| check refuses what the server takes | {alarms} |
| with a part that check says it could not check | {skipped} |
| manifests a second, the server's part, two cores | {rate} |

`make agreement` makes this page again; `make agreement SEED=7 COUNT=10000` another one.
"""
