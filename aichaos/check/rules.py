"""Every rule by name: the layer it belongs to and how much it matters. One more rule is one more line here, or in `meaning/table.py`.

The severity is the usual one; a rule may say less (`skipped` where it could not be checked, `warning` where the harm is smaller).
"""

from aichaos.check.meaning.table import TABLE as MEANING
from aichaos.check.rule import Rule
from aichaos.domain.finding import Finding, Fix, Severity

_TABLE: tuple[Rule, ...] = (
    Rule("yaml/syntax", "syntax", "error", "The text is not YAML."),
    Rule("yaml/duplicate-key", "syntax", "error", "A key stands twice in one mapping."),
    Rule("yaml/not-an-object", "syntax", "error", "A document is no Kubernetes object."),
    Rule("yaml/template", "syntax", "skipped", "A template that has not been filled in."),
    Rule("kind/unknown", "schema", "skipped", "A kind that we do not know; an error in a group whose kinds we all know."),
    Rule("kind/api-version", "schema", "error", "A known kind under an apiVersion that no server offers."),
    Rule("schema/type", "schema", "error", "A field has a type that the server refuses."),
    Rule("schema/unknown-field", "schema", "error", "A field that this kind does not have."),
    Rule("schema/required", "schema", "error", "A field is missing that the schema of the kind requires."),
    Rule("schema/enum", "schema", "error", "A value is none of those that the field takes."),
    Rule("schema/pattern", "schema", "error", "A text does not have the form that the schema of the kind asks for."),
    Rule("schema/format", "schema", "error", "A text is no date, address, base64, … where the field takes one."),
    Rule("schema/range", "schema", "error", "A number is too small or too large."),
    Rule("schema/length", "schema", "error", "A text, a list or a mapping is too short or too long."),
    Rule("schema/duplicate-item", "schema", "error", "A list holds an item twice that may stand once."),
    Rule("schema/any-of", "schema", "error", "None of several forms fits, of which at least one must."),
    Rule("schema/one-of", "schema", "error", "Not exactly one of several forms fits."),
    Rule("schema/not", "schema", "error", "A value has the form that it must not have."),
    Rule("schema/cel", "schema", "error", "A rule of the kind's definition is broken."),
    Rule("schema/not-checked", "schema", "skipped", "A part of the kind's definition could not be evaluated here."),
    Rule("metadata/name", "admission", "error", "The name is missing or not one that the server takes."),
    Rule("metadata/namespace", "admission", "error", "The namespace is not a name that the server takes."),
    Rule("admission/required", "admission", "error", "A field is missing that the server requires."),
    Rule("admission/invalid", "admission", "error", "A value that the server refuses."),
    Rule("admission/unsupported", "admission", "error", "A value that is not one of those that the server knows."),
    Rule("admission/duplicate", "admission", "error", "What may stand in a list only once stands in it twice."),
    Rule("admission/forbidden", "admission", "error", "A field that the server refuses beside the others."),
    Rule("experiment/schema", "schema", "error", "The experiment file does not have the published form."),
    Rule("reference/namespace-not-found", "reference", "error", "The namespace does not exist.", intendable=True),
    Rule("reference/gateway-not-found", "reference", "error", "A parentRef names a parent that does not exist.", intendable=True),
    Rule("reference/no-listener", "reference", "error", "The Gateway has no listener of that name or port.", intendable=True),
    Rule("reference/not-admitted", "reference", "error", "No listener of the Gateway takes this route.", intendable=True),
    Rule("reference/backend-not-found", "reference", "error", "The backend Service does not exist.", intendable=True),
    Rule("reference/backend-port", "reference", "error", "The backend Service does not have that port.", intendable=True),
    Rule("reference/backend-kind", "reference", "error", "The backend is no Service.", intendable=True),
    Rule("reference/no-grant", "reference", "error", "A backend in another namespace needs a ReferenceGrant there.", intendable=True),
    Rule("reference/selector-hits-nothing", "reference", "error", "A selector takes no pod.", intendable=True),
    Rule("reference/selector-not-resolved", "reference", "skipped", "A part of the selector can't be resolved from what was read."),
    Rule("reference/target-port", "reference", "warning", "A named target port exists on none of the Service's pods.", intendable=True),
    Rule("reference/scale-target-not-found", "reference", "error", "The autoscaler's target does not exist.", intendable=True),
    Rule("reference/service-account-not-found", "reference", "error", "The ServiceAccount does not exist.", intendable=True),
    Rule(
        "reference/service-account-permissions",
        "reference",
        "error",
        "The ServiceAccount may not do what the fault needs.",
        intendable=True,
    ),
    Rule("reference/probe-url", "reference", "warning", "A probe asks a Service or a port that is not there.", intendable=True),
    Rule("reference/config-map-not-found", "reference", "error", "The ConfigMap, or a key in it, does not exist.", intendable=True),
    Rule("reference/volume-path", "reference", "error", "No volume is mounted at that path in the selected pods."),
    Rule("reference/container-not-found", "reference", "error", "None of the selected pods has that container."),
    Rule("reference/port-not-listened", "reference", "error", "The selected pods do not listen on that port."),
    Rule("reference/pod-not-found", "reference", "error", "A pod is named that does not exist."),
    Rule("reference/engine-not-installed", "reference", "error", "The chaos engine is not installed in this cluster."),
    Rule("reference/kind-not-installed", "reference", "error", "The cluster does not serve this kind."),
    Rule("reference/fault-not-installed", "reference", "error", "The Litmus fault is not installed in the engine's namespace."),
    Rule("reference/host-not-found", "reference", "error", "The destination host is no Service.", intendable=True),
    Rule(
        "reference/subset-not-defined",
        "reference",
        "error",
        "No DestinationRule defines the subset: requests to it get a 503.",
        intendable=True,
    ),
    Rule(
        "experiment/target-not-found", "reference", "error", "A step names an object that does not exist at that moment.", intendable=True
    ),
    Rule("experiment/already-exists", "reference", "error", "A step creates what is already there.", intendable=True),
    Rule("experiment/recreate-without-delete", "meaning", "error", "Only what an earlier step deleted can be recreated."),
    Rule("experiment/verb-kind", "meaning", "error", "The verb does not exist for this kind."),
    Rule("experiment/replicas", "meaning", "error", "A number of replicas is zero or more."),
    Rule("experiment/label-not-on-pods", "meaning", "warning", "Labels of a workload are not those of its pods.", intendable=True),
    Rule("experiment/label-leaves-workload", "meaning", "warning", "A pod loses its workload, which then makes another.", intendable=True),
    Rule("experiment/wait", "meaning", "error", "A wait is either for a time or until a condition, and the condition needs a timeout."),
    Rule("experiment/duration", "meaning", "error", "Durations are written as 90s, 1m30s or 500ms, and are more than zero."),
    Rule("experiment/deadline", "meaning", "error", "The deadline is shorter than the waits and holds together."),
    Rule("experiment/outlives-deadline", "meaning", "warning", "A fault lasts longer than the deadline.", intendable=True),
    Rule("experiment/probe-unknown", "meaning", "error", "A step looks at a probe that the steady state does not have."),
    Rule("experiment/probe-duplicate", "meaning", "error", "Two probes have one name."),
    Rule("experiment/probe-via", "reference", "error", "A probe asks a Gateway or a Service that does not exist."),
    Rule("experiment/probe-url", "meaning", "error", "A probe's URL can't be asked."),
    Rule("experiment/probe-host", "reference", "warning", "Nothing serves the host or port that a probe asks.", intendable=True),
    Rule("experiment/probe-object", "reference", "error", "A probe looks at an object that does not exist.", intendable=True),
    Rule("experiment/no-steady-state", "meaning", "warning", "Without a steady state nothing could show a failure."),
    Rule("experiment/intends-unknown", "meaning", "warning", "The experiment intends a rule that does not exist or protects people."),
    Rule("policy/kind", "policy", "error", "No step may touch this kind."),
    Rule("policy/protected-namespace", "policy", "error", "No step may touch this namespace."),
    Rule("policy/outside-scope", "policy", "error", "A step touches a namespace that the scope does not name."),
    Rule("policy/new-image", "policy", "warning", "A step starts a container image that runs nowhere in this cluster today."),
    Rule("policy/blast-radius", "policy", "error", "More pods are harmed than the scope allows."),
    Rule("policy/reach", "policy", "info", "How many pods, Services and routes a fault reaches."),
    Rule("policy/takes-all", "policy", "warning", "A fault takes every pod of a workload."),
    Rule("policy/duration", "policy", "error", "A fault lasts longer than the policy allows."),
    Rule("policy/time-window", "policy", "error", "A Schedule fires outside the hours that the policy allows."),
    Rule("policy/shell", "policy", "error", "A chaos object that runs commands."),
    Rule("policy/code", "policy", "error", "A fault that puts code into a running process."),
    Rule("policy/machine", "policy", "error", "A fault that acts on nodes or on machines outside the cluster."),
    Rule("policy/cloud", "policy", "error", "A fault that acts on a cloud account."),
    Rule("policy/foreign-image", "policy", "error", "A chaos object that starts an image which is not its engine's."),
    Rule("policy/privileged", "policy", "error", "A step that makes a pod with power over its node."),
    Rule("policy/probe-address", "policy", "error", "A probe asks an address that nobody should ask."),
    Rule("policy/limit", "policy", "error", "A limit of the scope that limits nothing."),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in (*_TABLE, *MEANING)}


def finding(
    rule: str, message: str, *, object: str = "", path: str = "", severity: Severity | None = None, fix: Fix | None = None
) -> Finding:
    known = RULES[rule]
    return Finding(rule=rule, layer=known.layer, severity=severity or known.severity, message=message, object=object, path=path, fix=fix)
