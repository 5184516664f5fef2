"""Roles and their bindings (k8s.io/kubernetes, pkg/apis/rbac/validation, v1.35)."""

from aichaos.check.admission import names
from aichaos.check.admission.metadata import selector
from aichaos.check.admission.spot import Problems, Spot

_GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ("ServiceAccount", "User", "Group")


def role(document: Spot) -> Problems:
    yield from _rules(document, namespaced=True)


def cluster_role(document: Spot) -> Problems:
    yield from _rules(document, namespaced=False)
    aggregation = document["aggregationRule"]
    if aggregation:
        selectors = aggregation["clusterRoleSelectors"]
        if not selectors.each():
            yield selectors.required("one selector at least")
        for one in selectors.each():
            yield from selector(one)


def role_binding(document: Spot) -> Problems:
    yield from _binding(document, ("Role", "ClusterRole"), namespaced=True)


def cluster_role_binding(document: Spot) -> Problems:
    yield from _binding(document, ("ClusterRole",), namespaced=False)


def _rules(document: Spot, *, namespaced: bool) -> Problems:
    for rule in document["rules"].each():
        if not rule["verbs"].each():
            yield rule["verbs"].required("one verb at least")
        urls = rule["nonResourceURLs"]
        if urls.each():
            if namespaced:
                yield urls.invalid("paths belong to the whole cluster: a ClusterRole")
            if any(rule[field].each() for field in ("apiGroups", "resources", "resourceNames")):
                yield urls.invalid("a rule is for resources or for paths, not for both")
            continue
        if not rule["apiGroups"].each():
            yield rule["apiGroups"].required('one group at least; "" is that of Pods and Services')
        if not rule["resources"].each():
            yield rule["resources"].required("one resource at least")


def _binding(document: Spot, kinds: tuple[str, ...], *, namespaced: bool) -> Problems:
    reference = document["roleRef"]
    group = reference["apiGroup"]
    # The server fills in an empty group.
    if group.text and group.text != _GROUP:
        yield group.unsupported((_GROUP,))
    if reference["kind"].text not in kinds:
        yield reference["kind"].unsupported(kinds)
    if not reference["name"].text:
        yield reference["name"].required("the role")
    elif problem := names.path_segment(reference["name"].text):
        yield reference["name"].invalid(problem)
    for subject in document["subjects"].each():
        yield from _subject(subject, namespaced=namespaced)


def _subject(subject: Spot, *, namespaced: bool) -> Problems:
    kind, name, group, namespace = (subject[field] for field in ("kind", "name", "apiGroup", "namespace"))
    if not name.text:
        yield name.required()
    if kind.text == "ServiceAccount":
        if name.text and (problem := names.subdomain(name.text)):
            yield name.invalid(problem)
        if group.text:
            yield group.unsupported(('""',))
        if not namespaced and not namespace.text:
            yield namespace.required("a ServiceAccount lives in one")
    elif kind.text in _SUBJECTS:
        if group.text not in ("", _GROUP):
            yield group.unsupported((_GROUP,))
    else:
        yield kind.unsupported(_SUBJECTS)
