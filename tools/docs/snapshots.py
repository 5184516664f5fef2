"""The page about snapshots, and the role that may read one."""

import inspect
import typing
from typing import Any

import msgspec

from aichaos.domain import kinds
from aichaos.domain.base import Metadata
from aichaos.domain.snapshot import Gap, Snapshot, Source
from aichaos.files import yaml
from tools.docs.places import MADE
from tools.docs.words import own_doc, table


def snapshot_page() -> str:
    rows = []
    for kind in kinds.KINDS:
        versions = ", ".join(kind.api_version(version) for version in kind.versions)
        rows.append([kind.name, f"`{versions}`", f"`{kind.field}`", "" if kind.namespaced else "cluster", "yes" if kind.optional else ""])
    rows.append(["Secret", "`v1`", "`secrets`", "", ""])
    kept = "\n".join(f"{kind.name}\n{_outline(kind.type)}\n" for kind in kinds.KINDS)
    top = [
        ["`kind`, `apiVersion`", "`Snapshot`, `aichaos/v1`"],
        ["`source`", (own_doc(Source) or "").replace("\n", " ")],
        ["`versions`", "the API version that a kind was read in, where it is not the first of the table above"],
        ["`gaps`", (own_doc(Gap) or "").replace("\n", " ")],
        ["`engines`", "chaos engines that are installed: Chaos Mesh, Litmus; their versions and kinds"],
        ["`others`", "objects of other kinds in files: kind, namespace and name, no more"],
        ["the fields of the table above", "the objects, in the order of namespace and name"],
    ]
    assert {"source", "versions", "gaps", "engines", "others"} < {field.name for field in msgspec.structs.fields(Snapshot)}
    return f"""# The snapshot

{MADE}A cluster as it was seen at one moment. `aichaos snapshot FILE` saves it as JSON. The kinds below are read, in the first version of
the list that the server offers, and no others. An optional kind that the server does not have is no problem; a kind that could not be
read stands in `gaps`, and checks that need it are skipped, not passed.

{table(["Kind", "API versions", "Field", "Scope", "Optional"], rows)}
Of a live cluster only those Secrets are looked at that a listener's certificate names. The server is asked for a table without the
object, so their data is never sent. Of files, every Secret's name and type is kept and its data is dropped.

The rest of the file:

{table(["Field", "What it holds"], top)}
## What is kept of each object

Fields that are not listed here are dropped while reading. Every object has `metadata` with
{", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(Metadata))}; kinds that experiments delete and recreate also have
`annotations`, as the list shows. `{{…}}` is an object that is kept as it is.

```text
{kept.rstrip()}

Secret
  type
```
"""


def _outline(kind: type[msgspec.Struct]) -> str:
    lines = []
    for field in msgspec.structs.fields(kind):
        if field.name == "metadata":
            extra = [f.encode_name for f in msgspec.structs.fields(typing.cast(Any, field.type)) if f not in _METADATA]
            lines += [f"  metadata.{name}" for name in extra if name == "annotations"]
        else:
            lines.append(f"  {field.encode_name}{_inside(field.type)}")
    return "\n".join(lines) or "  (metadata only)"


_METADATA = msgspec.structs.fields(Metadata)


def _inside(annotation: Any) -> str:
    """What is inside a field: `{a, b}`, `[{a}]`, or nothing for a plain value."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if inspect.isclass(annotation) and issubclass(annotation, msgspec.Struct):
        return " {" + ", ".join(f"{field.encode_name}{_inside(field.type)}" for field in msgspec.structs.fields(annotation)) + "}"
    if origin is list:
        inner = _inside(parts[0]).strip()
        return f" [{inner}]" if inner else " []"
    if origin is dict:
        return " {…}"
    for part in parts:
        if part is not type(None) and (shown := _inside(part)):
            return shown
    return ""


def role() -> str:
    """A ClusterRole with which every kind of a snapshot can be read, and nothing changed."""
    groups: dict[str, list[str]] = {}
    for kind in kinds.KINDS:
        groups.setdefault(kind.group, []).append(kind.plural)
    rules = [{"apiGroups": [group], "resources": plurals, "verbs": ["get", "list"]} for group, plurals in groups.items()]
    rules.append({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get"]})
    what = "the kinds that a snapshot holds, and the Lease for `aichaos runs --cluster`"
    head = f"# Made by tools/make_docs.py from {what}. Reading only; no Secrets.\n"
    manifest = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "aichaos-read"}, "rules": rules}
    return head + yaml.dump(manifest)
