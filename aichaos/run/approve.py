"""Approvals: the only place where one is made. At the keyboard, by `--yes`, or by a file that a reviewer has signed.

The file says what was reviewed: the experiment's digest, the cluster, who approved, the identity and the digest of every object that the
experiment changes or targets, the limits, until when and how often it may be used. It is signed with a key file that reviewer and runner
share (HMAC-SHA-256), or with an SSH key against a list of allowed signers (as `git` signs commits, by `ssh-keygen -Y`).
"""

import base64
import datetime
import getpass
import hmac
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from aichaos.domain import forms
from aichaos.domain.digest import sha256
from aichaos.domain.experiment import Experiment, Provenance, to_document
from aichaos.domain.running import LEVER, Approval, Manifest, Plan
from aichaos.errors import FileError, SyntaxProblem, UsageError
from aichaos.files import yaml

SHORTEST_KEY = 32
"""Bytes of a shared key: as many as SHA-256 has."""
NAMESPACE = "aichaos-approval"
"""What an SSH signature is for (`ssh-keygen -Y sign -n`): one for a commit is none for a run."""


class Approved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object as it was when the approval was given. object: `Kind/ns/name`. uid: "" for one that was not there. spec: its digest.
    remade: each run makes it again, so that in an approval for several runs its name and its spec say which one is meant."""

    object: str
    uid: str = ""
    spec: str = ""
    remade: bool = False


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The reach that was reviewed. deadline: seconds."""

    namespaces: tuple[str, ...]
    pods: int
    share: float
    routes: tuple[str, ...]
    deadline: float


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """by: the signer's name in the list of allowed signers; for a shared key, who says to have signed."""

    kind: Literal["hmac-sha256", "ssh"]
    by: str
    value: str


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One experiment of a whole. digest: of its text, without where that comes from: a scenario of the library is made anew."""

    experiment: str
    digest: str
    objects: tuple[Approved, ...]
    limits: Limits


class Whole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several experiments in order, approved together. plan: the digest of what puts them in order: the file of a GameDay; what grows, in
    which stages, and how closely the limit is looked for. between: experiments between two of the parts may be run, too."""

    kind: Literal["GameDay", "Progressive"]
    plan: str
    parts: tuple[Part, ...]
    between: bool = False

    @property
    def digest(self) -> str:
        """`sha256:…` of the plan and of all texts, in their order."""
        told = [self.kind, self.plan, self.between, [one.digest for one in self.parts]]
        return "sha256:" + sha256(msgspec.json.encode(told))


class Permit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An approval file. expires: RFC 3339, UTC. uses: how many runs it is for. id: what its uses are counted by. whole: of several
    experiments together; then `digest` is its digest, and `objects` and `limits` are those of all. kubernetes: the version whose API the
    cluster served, as `1.35`; "" where it did not say. lever: `NS/NAME` of the one of its runs, beside which their uses are counted; "" for
    the usual one."""

    api_version: str = "aichaos/v1"
    kind: Literal["Approval"] = "Approval"
    id: str
    experiment: str
    digest: str
    cluster: str
    user: str
    why: str = ""
    objects: tuple[Approved, ...]
    limits: Limits
    given: str
    expires: str
    uses: int = 1
    whole: Whole | None = None
    kubernetes: str = ""
    lever: str = ""
    signature: Signature | None = None

    @property
    def signed(self) -> bytes:
        """What the signature is of: everything else, in one order."""
        told = msgspec.to_builtins(msgspec.structs.replace(self, signature=None))
        return msgspec.json.encode({key: one for key, one in told.items() if key not in ("whole", "kubernetes", "lever") or one})


# digests ---------------------------------------------------------------------------------------------------------------------------


def digest_of(experiment: Experiment) -> str:
    """`sha256:…` of what an experiment says, however its file is written."""
    return "sha256:" + sha256(msgspec.json.encode(to_document(experiment), order="deterministic"))


def text_digest(experiment: Experiment) -> str:
    """The same without where it comes from: a scenario that is made anew is the same one."""
    return digest_of(msgspec.structs.replace(experiment, spec=msgspec.structs.replace(experiment.spec, provenance=Provenance())))


_CHURNING = ("kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision")


def spec_digest(obj: Manifest) -> str:
    """`sha256:…` of what people wrote into an object: everything but its status and what the server and controllers keep in it."""
    metadata = obj.get("metadata") or {}
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in _CHURNING}
    kept: dict[str, Any] = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    kept |= {"labels": metadata.get("labels") or {}, "annotations": annotations, "finalizers": metadata.get("finalizers") or []}
    return "sha256:" + sha256(msgspec.json.encode(kept, order="deterministic"))


def as_it_is(name: str, obj: Manifest | None, *, remade: bool = False) -> Approved:
    if obj is None:
        return Approved(object=name)
    return Approved(object=name, uid=str((obj.get("metadata") or {}).get("uid", "")), spec=spec_digest(obj), remade=remade)


# giving ----------------------------------------------------------------------------------------------------------------------------


def in_person(plan: Plan, how: Literal["keyboard", "yes"], why: str = "") -> Approval:
    """Of whoever sits here: by the experiment's name typed, or by `--yes`."""
    return Approval(run=plan.run, digest=plan.digest, cluster=plan.cluster, who=me(), how=how, at=at(), why=why)


def for_command(name: str, cluster: str, why: str) -> Approval:
    """Of whoever gives a command that changes nothing but our own objects: the lever, a run's mark to stop."""
    return Approval(run=name, digest="", cluster=cluster, who=me(), how="keyboard", at=at(), why=why)


def permit(
    plan: Plan, objects: Iterable[Approved], limits: Limits, *, lasts: datetime.timedelta, uses: int, why: str, now: datetime.datetime
) -> Permit:
    """An approval of a plan, not signed yet. Raises UsageError for uses or a time that make none.

    A single run takes objects by their UIDs, too; the second one finds those that the first has made again with others.
    """
    objects = [msgspec.structs.replace(one, remade=one.remade and uses > 1) for one in objects]
    return made(plan, objects, limits, lasts=lasts, uses=uses, why=why, now=now)


def made(
    plan: Plan,
    objects: Iterable[Approved],
    limits: Limits,
    whole: Whole | None = None,
    *,
    lasts: datetime.timedelta,
    uses: int,
    why: str,
    now: datetime.datetime,
) -> Permit:
    """Raises UsageError for uses or a time that make none."""
    if uses < 1 or lasts <= datetime.timedelta(0):
        raise UsageError("an approval is for at least one run, and for some time", hint="For example --uses 1 --expires 24h.")
    return Permit(
        id=secrets.token_hex(8),
        experiment=plan.experiment,
        digest=plan.digest,
        cluster=plan.cluster,
        user=me(),
        why=why,
        objects=tuple(sorted(objects, key=lambda one: one.object)),
        limits=limits,
        given=_text(now),
        expires=_text(now + lasts),
        uses=uses,
        whole=whole,
        kubernetes=plan.kubernetes,
        lever=_unusual(plan.lever),
    )


def _unusual(lever: str) -> str:
    return "" if lever == LEVER else lever


def sign(given: Permit, key: Path, by: str | None = None) -> Permit:
    """Signed with a key file: an SSH private key, or a secret of at least 32 bytes. by: the signer's name in the list of allowed signers.

    Raises FileError, UsageError.
    """
    content, by = _key(key), by or given.user
    if b"PRIVATE KEY" in content:
        value = _ssh_sign(given.signed, key)
        return msgspec.structs.replace(given, signature=Signature(kind="ssh", by=by, value=value))
    value = base64.b64encode(hmac.digest(content, given.signed, "sha256")).decode()
    return msgspec.structs.replace(given, signature=Signature(kind="hmac-sha256", by=by, value=value))


def text(given: Permit) -> str:
    """As it stands in a file."""
    return "# An approval of aichaos: whoever changes it unmakes it.\n" + yaml.dump(msgspec.to_builtins(given))


# taking ----------------------------------------------------------------------------------------------------------------------------


def read(path: Path) -> Permit:
    """Raises FileError for what is no approval."""
    try:
        data = path.read_bytes()
        documents = yaml.load(data.decode("utf-8"), str(path))
        return forms.convert(documents[0] if documents else None, Permit, strict=True)
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or error) if isinstance(error, OSError) else "it is no text"
        raise FileError(f"cannot read the approval {path}: {why}", hint="Make one with `aichaos approve EXPERIMENT`.") from error
    except (msgspec.ValidationError, SyntaxProblem) as error:
        raise FileError(f"{path} is no approval: {error}", hint="Make one with `aichaos approve EXPERIMENT`.") from error


def objections(
    given: Permit, plan: Plan, objects: Sequence[Approved], limits: Limits, used: int, now: datetime.datetime
) -> list[tuple[str, str]]:
    """Why an approval does not cover a plan, each with its name; empty where it does. used: how often it was used before."""
    found: list[tuple[str, str]] = []
    if given.whole is not None:
        told = f"the approval is of a {given.whole.kind} as a whole, {given.experiment}, and not of one experiment"
        found.append(("approval-experiment", told))
    elif given.digest != plan.digest:
        other = f", which is of {given.experiment}," if given.experiment != plan.experiment else ""
        found.append(("approval-experiment", f"the approval{other} is of another text of the experiment: it was changed after the review"))
    found += invalid(given, plan, now)
    if used >= given.uses:
        found.append(used_up(given))
    return [*found, *beyond(given.objects, given.limits, objects, limits)]


def invalid(given: Permit, plan: Plan, now: datetime.datetime) -> Iterator[tuple[str, str]]:
    """Why an approval is none here and now. A cluster of another version serves other APIs, and takes and keeps other fields."""
    if given.cluster != plan.cluster:
        yield "approval-cluster", f"the approval is for another cluster ({given.cluster[:40]})"
    elif given.kubernetes and given.kubernetes != plan.kubernetes:
        now_is = f"it serves {plan.kubernetes} now" if plan.kubernetes else "which one it serves now, it does not say"
        yield "approval-version", f"the approval was given when the cluster served Kubernetes {given.kubernetes[:20]}; {now_is}"
    if given.lever != _unusual(plan.lever):
        yield "approval-lever", f"the approval is for runs with the lever {given.lever[:80] or LEVER}, beside which its uses are counted"
    if (until := _time(given.expires)) is None or now >= until:
        yield "approval-expired", f"the approval has expired ({given.expires[:40]})"
    if (since := _time(given.given)) is None or now < since - datetime.timedelta(minutes=5):
        yield "approval-clock", f"the approval is from the future ({given.given[:40]}): one of the two clocks is wrong"


def used_up(given: Permit) -> tuple[str, str]:
    return "approval-used", f"the approval was for {uses(given)}, and is used up"


def beyond(approved: Sequence[Approved], reviewed: Limits, objects: Sequence[Approved], limits: Limits) -> Iterator[tuple[str, str]]:
    """What a run would do other than on the objects, and within the reach, that were reviewed."""
    if drifted := drift(approved, objects):
        yield "approval-drift", f"what was reviewed is not what is there: {'; '.join(drifted)}"
    if wider := [name for name, more in _wider(reviewed, limits) if more]:
        yield "approval-limits", f"the run reaches further than what was reviewed: {', '.join(wider)}"


def drift(approved: Sequence[Approved], now: Sequence[Approved]) -> list[str]:
    """What changed of the objects since the review, each named."""
    was, there = {one.object: one for one in approved}, {one.object: one for one in now}
    found = []
    for name in sorted(was.keys() | there.keys()):
        old, new = was.get(name), there.get(name)
        if old is None:
            found.append(f"{name} was not reviewed")
        elif new is None:
            found.append(f"{name} is not part of it any more")
        elif old.uid != new.uid and not (old.remade and new.uid):
            found.append(f"{name} is gone" if not new.uid else f"{name} is there now" if not old.uid else f"{name} was made again")
        elif old.spec != new.spec:
            found.append(f"{name} was changed")
    return found


def _wider(reviewed: Limits, now: Limits) -> list[tuple[str, bool]]:
    return [
        ("namespaces", not set(now.namespaces) <= set(reviewed.namespaces)),
        ("pods", now.pods > reviewed.pods),
        ("routes", not set(now.routes) <= set(reviewed.routes)),
        ("deadline", now.deadline > reviewed.deadline),
    ]


def by_file(given: Permit, plan: Plan) -> Approval:
    """The approval of a file that was looked at before: see `objections` and `unsigned`."""
    why = f"{given.why} (approval {given.id})".strip()
    return Approval(
        run=plan.run, digest=plan.digest, cluster=plan.cluster, who=f"{me()}, approved by {given.user}", how="file", at=at(), why=why
    )


def unsigned(given: Permit, key: Path | None, signers: Path | None) -> str:
    """Why nobody that we know has signed; "" where somebody has. Raises FileError for a key that can't be read."""
    signature = given.signature
    if signature is None:
        return "the approval is not signed"
    if signature.kind == "hmac-sha256":
        if key is None:
            return "the approval is signed with a shared key: name it with --approval-key FILE"
        try:
            value = base64.b64decode(signature.value, validate=True)
        except ValueError:
            return "the approval's signature is none"
        good = hmac.compare_digest(value, hmac.digest(_key(key), given.signed, "sha256"))
        return "" if good else "the approval's signature is not by this key, or the approval was changed"
    if signers is None:
        return "the approval is signed with an SSH key: say whose you take with --allowed-signers FILE"
    return _ssh_unsigned(given, signature, signers)


# keys ------------------------------------------------------------------------------------------------------------------------------


def _key(path: Path) -> bytes:
    try:
        content = path.read_bytes().strip()
    except OSError as error:
        raise FileError(f"cannot read the key {path}: {error.strerror}", hint="Is it the right file, and readable for you?") from error
    if len(content) < SHORTEST_KEY:
        hint = f"Make one: head -c 32 /dev/urandom | base64 > {path}"
        raise FileError(f"the key {path} is too short: it needs {SHORTEST_KEY} bytes", hint=hint)
    return content


def _program() -> str:
    found = shutil.which("ssh-keygen")
    if found is None:
        raise UsageError("SSH signatures need ssh-keygen, which is not on the PATH", hint="Install OpenSSH, or use a shared key file.")
    return found


def _ssh_sign(data: bytes, key: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="aichaos-sign-") as folder:
        document = Path(folder) / "approval"
        document.write_bytes(data)
        command = [_program(), "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(document)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            raise FileError(f"ssh-keygen could not sign with {key}: {_last(done.stderr)}", hint="Is the key's passphrase in an ssh-agent?")
        return document.with_suffix(".sig").read_text(encoding="ascii")


def _ssh_unsigned(given: Permit, signature: Signature, signers: Path) -> str:
    if not signers.is_file():
        raise FileError(f"there is no list of allowed signers {signers}", hint="A line each: NAME KEY-TYPE KEY (see man ssh-keygen).")
    if not signature.by or signature.by.startswith("-"):
        return "the approval's signature names nobody"
    with tempfile.TemporaryDirectory(prefix="aichaos-verify-") as folder:
        path = Path(folder) / "signature"
        path.write_text(signature.value, encoding="utf-8")
        command = [_program(), "-Y", "verify", "-f", str(signers), "-I", signature.by, "-n", NAMESPACE, "-s", str(path)]
        done = subprocess.run(command, input=given.signed, capture_output=True, check=False, timeout=60)
    if done.returncode == 0:
        return ""
    why = _last((done.stderr or done.stdout).decode(errors="replace"))
    return f"{signature.by[:60]} is no allowed signer of it, or the approval was changed ({why})"


def _last(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1][:200] if lines else "no reason given"


# who and when ----------------------------------------------------------------------------------------------------------------------


def me() -> str:
    """Who we are, as this machine knows: `user@host`."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        name = str(os.getuid())
    return f"{name}@{os.uname().nodename}"


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def at() -> str:
    """Now, as RFC 3339."""
    return _text(now())


def _text(when: datetime.datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(written: str) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else None


_ONE = {"GameDay": "GameDay", "Progressive": "series"}


def uses(given: Permit) -> str:
    """How many runs, GameDays or series an approval is for."""
    if given.whole is None:
        return runs(given.uses)
    one = _ONE[given.whole.kind]
    return f"one {one}" if given.uses == 1 else f"{given.uses} {one.removesuffix('s')}s"


def runs(number: int) -> str:
    return "one run" if number == 1 else f"{number} runs"
