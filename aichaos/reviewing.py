"""`aichaos check` from paths to findings: read, check, sift what somebody has accepted; and with `--fix`, correct.

Beside `pipeline.py`, which tells the story of a suggestion; the rooms meet here in the same way.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aichaos.check import baseline, bystanders, choosing, suppress
from aichaos.check.documents import Review, review
from aichaos.check.opening import empty, unread
from aichaos.check.places import located
from aichaos.check.rules import finding
from aichaos.check.world import DEFAULT_NAMESPACE
from aichaos.domain.base import ObjectRef, reference_of
from aichaos.domain.checked import Checked, Edit, Left, Quiet
from aichaos.domain.finding import Finding, Layer
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.suggestion import summary_of
from aichaos.errors import FileError, NoClusterError, SourceError, UnauthorizedError, UnreachableError
from aichaos.files import inputs, save
from aichaos.observe import source
from aichaos.observe.manifests import MAX_YAML_BYTES
from aichaos.observe.topology import Topology

if TYPE_CHECKING:
    from aichaos.check.correct import Corrected

Say = Callable[[str], None]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is checked, against what, and what of it is wanted. choice: what references are resolved against; None for nothing.

    server, cluster: whether an API server is asked, and which. fix, write: whether corrections are made, and whether they are written.
    edits: whether the corrections are wanted as pieces of the text. leave_others: whether files that hold no manifest are left alone where
    they are named, too; in a folder they always are.
    """

    paths: tuple[str, ...]
    choice: source.Choice | None = None
    policy: Policy = NO_POLICY
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    baseline: str | None = None
    update_baseline: bool = False
    server: bool = False
    cluster: source.Choice = source.Choice()
    fix: bool = False
    write: bool = True
    edits: bool = False
    leave_others: bool = False


def check(order: Order, say: Say) -> Checked:
    """Raises FileError where nothing at all can be read, SourceError where the cluster can't be, UsageError for rules that don't exist."""
    select = choosing.patterns(order.select, "--select")
    ignore = choosing.patterns(order.ignore, "--ignore")
    accepted = None if order.update_baseline else _accepted(order)
    contents, failed, walked = _read(order)
    look = _Look(order, _topology(order, say), select, ignore, list(contents) if order.leave_others else walked)
    texts = {name: text for name, (text, _) in contents.items()}
    found, quiet = look.at(texts, server=order.server and not order.fix)
    corrected = _corrected(texts, found, look) if order.fix else None
    if corrected is not None and order.write:
        _write(corrected.texts, contents)
    if corrected is not None:
        found, quiet = look.at(texts | (corrected.texts if order.write else {}), server=order.server)
    aside = _chosen_of([*failed, *_empty(texts, found, look.left_alone)], select, ignore)
    reported, notes = [*aside, *found.findings], list[str]()
    if order.baseline and order.update_baseline:
        _save_baseline(Path(order.baseline), baseline.write(reported, os.path.dirname(order.baseline) or "."))
        notes.append(f"{order.baseline} holds what is found now")
        accepted = _accepted(order)
    if order.baseline and accepted is not None:
        reported, hidden, gone = baseline.without(reported, accepted, os.path.dirname(order.baseline) or ".")
        quiet = [*quiet, *hidden]
        if gone:
            notes.append(f"{gone} findings of {order.baseline} are not found any more: --update-baseline takes them out")
    if not found.documents and not found.findings and not failed and not (order.leave_others and look.left_alone):
        hint = "Is the file empty, or the path another one?"
        if look.left_alone:
            hint = f"What is there, {look.left_alone[0]} for example, is no Kubernetes object; name a file to have it judged all the same."
        raise FileError(f"nothing to check in {', '.join(order.paths)}", hint=hint)
    order_of = {name: number for number, name in enumerate(contents)}
    reported = sorted(reported, key=lambda one: (order_of.get(one.file or "", -1), one.line or 0, one.column or 0))
    return Checked(
        documents=found.documents,
        findings=reported,
        edits=_edits(reported, found) if order.edits else [],
        quiet=quiet,
        source=summary_of(look.topology.snapshot) if look.topology else None,
        texts=texts | (corrected.texts if corrected and order.write else {}),
        before={name: texts[name] for name in corrected.texts} if corrected else {},
        after=corrected.texts if corrected else {},
        made=corrected.made if corrected else [],
        left=[Left(finding=one, reason=why) for one, why in corrected.left] if corrected else [],
        left_alone=look.left_alone,
        notes=notes,
    )


class _Look:
    """Looks at texts: what is found in them, and what of it is wanted. others: the files that need not hold a manifest; left_alone: those
    of them that hold none, by the last look."""

    def __init__(
        self, order: Order, topology: Topology | None, select: tuple[str, ...], ignore: tuple[str, ...], others: list[str]
    ) -> None:
        self.order = order
        self.topology = topology
        self.select = select
        self.ignore = ignore
        self.left_alone: list[str] = []
        self._others = others
        self._unasked: set[Layer] = set() if topology is not None else {"reference", "policy"}

    def at(self, texts: dict[str, str], *, server: bool = False) -> tuple[Review, list[Quiet]]:
        found = review(texts.items(), self.topology, self.order.policy)
        self.left_alone = bystanders.bystanders(found, texts, self._others)
        found = bystanders.without(found, self.left_alone) if self.left_alone else found
        if self.topology is not None:
            found = _with_foreseen(found, self.topology)
        sifted, hidden = suppress.sift(_asked(found, self.order.cluster) if server else found, texts, self._unasked)
        return _chosen(sifted, self.select, self.ignore), hidden


def _corrected(texts: dict[str, str], found: Review, look: _Look) -> "Corrected":
    from aichaos.check.correct import correct

    return correct(texts, found, lambda changed: look.at(changed)[0])


def _edits(reported: list[Finding], found: Review) -> list[Edit | None]:
    from aichaos.check.correct import edit

    origins = {id(one): item for one, item in zip(found.findings, found.origins, strict=True)}
    return [edit(one, item) if (item := origins.get(id(one))) is not None else None for one in reported]


def _with_foreseen(found: Review, cluster: Topology) -> Review:
    """The review with what the gateways of the cluster make of its routes, beside those that are there."""
    items = {
        ObjectRef(ref.kind, ref.name, ref.namespace or DEFAULT_NAMESPACE): item
        for item in found.items
        if isinstance(item.value, dict) and (ref := reference_of(item.value)).kind in ("HTTPRoute", "GRPCRoute")
    }
    if not items or not found.joined.snapshot.gateways:
        return found
    from aichaos.predict.routing.foreseen import foreseen  # the engine is for those alone who check routes

    told = [
        (items[one.object], finding(one.rule, one.message, object=str(one.object), path=one.path))
        for one in foreseen(cluster.snapshot, found.joined.snapshot, items.keys())
    ]
    placed = located(told)
    return msgspec.structs.replace(
        found,
        findings=[*found.findings, *(one for _, one in placed)],
        origins=[*found.origins, *(item for item, _ in placed)],
    )


def _asked(found: Review, choice: source.Choice) -> Review:
    """The review with the server's own dry run in it; a server that can't be asked is one skipped check, not one for each document."""
    from aichaos.check.dryrun import with_server
    from aichaos.cluster.connection import connect
    from aichaos.cluster.dryrun import DryRun

    try:
        with connect(kubeconfig=choice.kubeconfig, context=choice.context) as connection:
            client = DryRun(connection)
            client.resource("v1", "Namespace")
            namespace = choice.namespaces[0] if len(choice.namespaces) == 1 else connection.namespace or "default"
            return with_server(found, client, namespace)
    except SourceError as error:
        missing = finding("server/not-asked", f"the server was not asked: {error}")
        return msgspec.structs.replace(found, findings=[*found.findings, missing], origins=[*found.origins, None])


def _topology(order: Order, say: Say) -> Topology | None:
    """The cluster that references are resolved against. With --server, one that nobody can ask is no reason to check nothing: the dry run
    meets the same trouble, and says it."""
    if order.choice is None:
        return None
    live = order.choice.origin in (None, "live")
    if live:
        say("reading the cluster")
    try:
        return Topology(source.take(order.choice))
    except (NoClusterError, UnreachableError, UnauthorizedError):
        if not (live and order.server):
            raise
        return None


# files --------------------------------------------------------------------------------------------------------------------------

Contents = dict[str, tuple[str, bytes]]
"""Text and bytes of a file, by its name."""


def _read(order: Order) -> tuple[Contents, list[Finding], list[str]]:
    """All files once, and those of them that nobody has named: their folder was. What can't be read is a finding beside the others; where
    nothing else is there, it is the error."""
    read: Contents = {}
    failed: dict[str, FileError] = {}
    own = {os.path.realpath(order.baseline)} if order.baseline else set()
    for path in order.paths:
        pairs = _standard_input() if path == "-" else inputs.contents(Path(path), MAX_YAML_BYTES)
        for name, data in pairs:
            if name in read or (own and os.path.realpath(name) in own):
                continue
            try:
                if isinstance(data, FileError):
                    raise data
                read[name] = inputs.text_of(data, name), data
            except FileError as error:
                failed[name] = error
    if failed and not read:
        raise next(iter(failed.values()))
    named = {os.path.normpath(path) for path in order.paths}
    walked = [name for name in read if os.path.normpath(name) not in named and name != inputs.STANDARD_INPUT]
    return read, [unread(name, error) for name, error in failed.items()], walked


def _empty(texts: dict[str, str], found: Review, left_alone: list[str]) -> list[Finding]:
    """Files in which nothing stands, comments perhaps; more likely a slip than meant."""
    full = {item.text.name for item in found.items} | {one.file for one in found.findings} | set(left_alone)
    return [empty(name) for name in texts if name not in full]


def _standard_input() -> list[inputs.Content]:
    return [(inputs.STANDARD_INPUT, inputs.standard_input(MAX_YAML_BYTES))]


def _write(texts: dict[str, str], contents: Contents) -> None:
    for name, text in texts.items():
        if name != inputs.STANDARD_INPUT:
            save.overwrite(Path(name).resolve(), inputs.encoded(text, contents[name][1]))


# what is wanted ------------------------------------------------------------------------------------------------------------------


def _accepted(order: Order) -> Counter[baseline.Key] | None:
    if order.baseline is None:
        return None
    ((name, data),) = inputs.contents(Path(order.baseline), MAX_YAML_BYTES)
    if isinstance(data, FileError):
        raise data
    return baseline.read(inputs.text_of(data, name), name)


def _save_baseline(path: Path, text: str) -> None:
    try:
        save.save(path, text)
    except FileError as error:
        raise FileError(str(error), hint="Nothing was changed. Name another file with --baseline, or mend its permissions.") from error


def _chosen(found: Review, select: tuple[str, ...], ignore: tuple[str, ...]) -> Review:
    if not select and not ignore:
        return found
    wanted = [_is_chosen(one, select, ignore) for one in found.findings]
    return msgspec.structs.replace(
        found,
        findings=[one for one, keep in zip(found.findings, wanted, strict=True) if keep],
        origins=[item for item, keep in zip(found.origins, wanted, strict=True) if keep],
    )


def _chosen_of(found: list[Finding], select: tuple[str, ...], ignore: tuple[str, ...]) -> list[Finding]:
    return [one for one in found if _is_chosen(one, select, ignore)]


def _is_chosen(one: Finding, select: tuple[str, ...], ignore: tuple[str, ...]) -> bool:
    return (not select or choosing.matches(one.rule, select)) and not choosing.matches(one.rule, ignore)
