"""Crossplane's S3 objects (`s3.aws.upbound.io`): kinds and shapes that are often taken from Terraform or from other providers.

Source: the CRDs of provider-upjet-aws. `v1beta1` has lists where `v1beta2` has mappings: the installed CRD decides.
"""

from collections.abc import Iterator
from typing import Any

from aichaos.check.fixes import fix, move, remove, replace
from aichaos.check.known import known_kind
from aichaos.check.subject import Subject
from aichaos.domain.base import group_of
from aichaos.domain.finding import Finding
from aichaos.files.plain import at, mapping, sequence, text

S3 = "s3.aws.upbound.io"
KINDS_MEANT = {
    "BucketReplication": "BucketReplicationConfiguration",
    "BucketEncryption": "BucketServerSideEncryptionConfiguration",
    "BucketPublicAccess": "BucketPublicAccessBlock",
}
"""What people write → the kind that it is."""

_ONE_OF = ("deleteMarkerReplication", "destination", "existingObjectReplication", "filter", "sourceSelectionCriteria")
_REFERENCES = {
    "roleArnRef": "roleRef",
    "roleArnSelector": "roleSelector",
    "bucketArnRef": "bucketRef",
    "bucketArnSelector": "bucketSelector",
}


def crossplane_findings(this: Subject) -> Iterator[Finding]:
    if group_of(text(this.document.get("apiVersion"))) != S3:
        return
    namespace = at(this.document, "metadata", "namespace")
    known = known_kind(this.document["apiVersion"], this.ref.kind)
    if namespace is not None and known is not None and not known.namespaced:
        certain = fix("leave the namespace out", remove("/metadata/namespace"))
        message = f"{this.ref.kind} belongs to the whole cluster: its namespace means nothing, and two of one name are one"
        yield this.note("crossplane/namespace-ignored", message, "/metadata/namespace", fix=certain)
    if this.ref.kind == "BucketReplicationConfiguration":
        yield from _replication(this, mapping(at(this.document, "spec", "forProvider")), "/spec/forProvider")


def _replication(this: Subject, given: dict[str, Any], path: str) -> Iterator[Finding]:
    yield from _references(this, given, path)
    yield from _copies(this, sequence(given.get("rule")), f"{path}/rule")
    lists = text(this.document.get("apiVersion")).endswith("/v1beta1")
    for index, item in enumerate(sequence(given.get("rule"))):
        rule, here = mapping(item), f"{path}/rule/{index}"
        if "name" in rule:
            certain = fix("id: instead of name:", move(f"{here}/name", f"{here}/id")) if "id" not in rule else None
            yield this.note("crossplane/rule-id", "a rule is called by its id", f"{here}/name", fix=certain)
        for number, holder in enumerate(sequence(rule.get("destination"))):
            yield from _references(this, mapping(holder), f"{here}/destination/{number}")
        yield from _references(this, mapping(rule.get("destination")), f"{here}/destination")
        for field in _ONE_OF:
            yield from _shape(this, rule, field, here, lists)


def _copies(this: Subject, rules: list[Any], path: str) -> Iterator[Finding]:
    """What is copied, and what is not meant to be: sources are the S3 API's ReplicationRule and DeleteMarkerReplication."""
    statuses = [mapping(rule).get("status") for rule in rules]
    if statuses and all(status == "Disabled" for status in statuses):
        many = "every rule is" if len(rules) > 1 else "its only rule is"
        message = f"nothing is copied: {many} Disabled; write status: Enabled"
        yield this.note(
            "crossplane/replication-off", message, f"{path}/0/status", fix=fix("status: Enabled", replace(f"{path}/0/status", "Enabled"))
        )
    for index, rule in enumerate(rules):
        given = mapping(rule).get("deleteMarkerReplication")
        holder, step = (given[0], "/0") if isinstance(given, list) and given else (given, "")
        if mapping(holder).get("status") == "Enabled":
            here = f"{path}/{index}/deleteMarkerReplication{step}/status"
            message = "who deletes an object in the first bucket hides it in the second, too: the copy guards against a lost region only"
            certain = fix("status: Disabled", replace(here, "Disabled"))
            yield this.note("crossplane/deletions-replicated", message, here, fix=certain)


def _shape(this: Subject, rule: dict[str, Any], field: str, path: str, lists: bool) -> Iterator[Finding]:
    value, here = rule.get(field), f"{path}/{field}"
    if lists and isinstance(value, dict):
        message = f"in v1beta1 {field} is a list with one item, as in {field}: [{{…}}]; v1beta2 takes the mapping"
        yield this.note("crossplane/list-or-mapping", message, here, fix=fix(f"{field} as a list", replace(here, [value])))
    elif not lists and isinstance(value, list) and len(value) == 1:
        message = f"in v1beta2 {field} is a mapping; v1beta1 takes a list"
        yield this.note("crossplane/list-or-mapping", message, here, fix=fix(f"{field} as a mapping", replace(here, value[0])))


def _references(this: Subject, holder: dict[str, Any], path: str) -> Iterator[Finding]:
    for wrong, right in _REFERENCES.items():
        if wrong in holder:
            certain = fix(f"{right}: instead of {wrong}:", move(f"{path}/{wrong}", f"{path}/{right}")) if right not in holder else None
            message = f"the field is {right}: it takes the name of the object, and the ARN is found from it"
            yield this.note("crossplane/reference-fields", message, f"{path}/{wrong}", fix=certain)
