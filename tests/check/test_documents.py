"""Documents are told apart, and every finding says where it stands."""

import time

import pytest

from aichaos.check.documents import review
from tests.check.cluster import only, reviewed, rules

SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n"


def test_a_good_document_has_no_finding() -> None:
    assert reviewed(SERVICE).findings == []


def test_text_that_is_not_yaml_is_found_at_its_line_and_column() -> None:
    found = only("apiVersion: v1\nkind: [Service\n")
    assert (found.rule, found.layer, found.severity, found.file, found.line) == ("yaml/syntax", "syntax", "error", "file.yaml", 3)


def test_documents_before_a_bad_place_are_checked() -> None:
    done = reviewed(f"{SERVICE}---\n- kind: HTTPRoute\n---\nkind: [Service\n")
    assert done.documents == 2
    assert [found.rule for found in done.findings] == ["yaml/syntax", "yaml/not-an-object"]


def test_a_key_that_stands_twice_is_found_where_it_stands_again() -> None:
    found = only(SERVICE + "  name: b\n")
    assert (found.rule, found.object, found.path, found.line, found.column) == (
        "yaml/duplicate-key",
        "Service/default/b",
        "/metadata/name",
        5,
        3,
    )


def test_a_duplicate_key_in_an_item_of_a_list_belongs_to_the_item() -> None:
    found = only("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a, name: b}}\n")
    assert (found.object, found.path, found.line) == ("Service/default/b", "/metadata/name", 4)


def test_items_of_a_list_count_as_documents() -> None:
    assert reviewed("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- 3\n").documents == 2


def test_a_finding_in_a_list_has_the_path_of_its_item_and_the_line_of_the_file() -> None:
    found = only("apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: A}\n")
    assert (found.path, found.line, found.column) == ("/metadata/name", 6, 14)


def test_items_of_a_typed_list_take_their_kind_from_it() -> None:
    found = only("apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: A}\n")
    assert found.object == "Pod/default/A"


def test_a_missing_field_is_reported_at_its_parent() -> None:
    found = only("apiVersion: v1\nkind: Service\nmetadata:\n  labels: {}\n")
    assert (found.rule, found.path, found.line) == ("metadata/name", "/metadata", 3)


def test_positions_are_those_of_the_second_document() -> None:
    assert only(f"{SERVICE}---\napiVersion: v1\nkind: Service\nmetadata: {{name: A}}\n").line == 8


def test_every_file_has_its_own_name() -> None:
    good = f"{SERVICE}spec: {{ports: [{{port: 80}}]}}\n"
    found = review([("a.yaml", good), ("b.yaml", "kind: Service")], None).findings
    assert [one.file for one in found] == ["b.yaml"]


def test_what_is_no_object_says_what_an_object_has() -> None:
    assert "no apiVersion" in only("kind: Service").message
    assert "a list is no Kubernetes object" in only("[1, 2]").message
    assert "kind is a number" in only("{apiVersion: v1, kind: 3}").message
    assert only("{apiVersion: v1, kind: Service, metadata: []}").path == "/metadata"


def test_nothing_is_in_an_empty_file() -> None:
    assert reviewed("# only a comment\n---\n").documents == 0


# templates ----------------------------------------------------------------------------------------------------------------------


def test_a_template_that_is_not_yaml_is_skipped() -> None:
    found = only("apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n")
    assert (found.rule, found.severity, found.line) == ("yaml/template", "skipped", 4)


def test_a_template_that_is_yaml_is_skipped_too() -> None:
    found = only("apiVersion: v1\nkind: Service\nmetadata: {name: '{{ .Release.Name }}'}\n")
    assert (found.rule, found.path) == ("yaml/template", "/metadata/name")


HELM = """\
apiVersion: v1
kind: Service
metadata: {name: {{ .Values.name }}}
---
apiVersion: v1
kind: Service
metadata: {name: First}
---
{{- if .Values.second }}
apiVersion: v1
kind: Service
metadata:
  name: second
{{- end }}
---
apiVersion: v1
kind: Service
metadata: {name: Third}
"""


def test_a_template_hides_no_other_document_of_its_file() -> None:
    found = {(one.rule, one.object, one.line) for one in reviewed(HELM).findings}
    assert found == {
        ("yaml/template", "Service/{{ .Values.name }}", 3),
        ("metadata/name", "Service/default/First", 7),
        ("yaml/template", "Service/second", 9),
        ("metadata/name", "Service/default/Third", 18),
    }


def test_wrong_yaml_beside_a_template_is_still_wrong() -> None:
    found = reviewed(f"{HELM}---\nkind: [Service\n").findings
    assert [(one.rule, one.line) for one in found if one.rule == "yaml/syntax"] == [("yaml/syntax", 21)]
    assert {one.object for one in found if one.rule == "metadata/name"} == {"Service/default/First", "Service/default/Third"}


def test_many_templates_cost_no_more_than_their_length() -> None:
    text = "kind: Service\nmetadata: {name: {{ .Values.name }}}\n---\n" * 5000
    start = time.process_time()
    assert len(reviewed(text).findings) == 5000
    assert time.process_time() - start < 10


def test_a_placeholder_in_data_makes_no_template() -> None:
    assert reviewed("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {title: '{{ name }}'}\n").findings == []


def test_wrong_yaml_beside_a_quoted_placeholder_is_still_wrong() -> None:
    assert rules("kind: Service\ntitle: '{{ name }}'\nports: [1\n") == ["yaml/syntax"]


# kinds --------------------------------------------------------------------------------------------------------------------------


def test_an_unknown_kind_is_skipped_and_the_nearest_known_one_is_named() -> None:
    found = only("{apiVersion: example.com/v1, kind: NetworkChaoz, metadata: {name: a}}")
    assert (found.rule, found.severity, found.path) == ("kind/unknown", "skipped", "/kind")
    assert "NetworkChaos is chaos-mesh.org/v1alpha1" in found.message


def test_a_misspelt_kind_in_a_group_that_we_know_is_an_error() -> None:
    found = only("{apiVersion: apps/v1, kind: Deploymnt, metadata: {name: a}}")
    assert (found.rule, found.severity) == ("kind/unknown", "error")
    assert "did you mean Deployment?" in found.message


def test_an_api_version_that_nobody_serves_is_an_error_that_names_the_right_one() -> None:
    for wrong, kind, right in (
        ("chaos-mesh.org/v1", "RemoteCluster", "chaos-mesh.org/v1alpha1"),
        ("litmuschaos.io/v1beta1", "ChaosResult", "litmuschaos.io/v1alpha1"),
        ("extensions/v1beta1", "HTTPRoute", "gateway.networking.k8s.io/v1"),
        ("pingcap.com/v1alpha1", "NetworkChaos", "chaos-mesh.org/v1alpha1"),
        ("v1", "Deployment", "apps/v1"),
        ("app/v1", "Deployment", "apps/v1"),
    ):
        found = reviewed(f"{{apiVersion: {wrong}, kind: {kind}, metadata: {{name: a}}}}").findings[0]
        assert (found.rule, found.layer, found.severity, found.path) == ("kind/api-version", "schema", "error", "/apiVersion")
        assert f"apiVersion: {right}" in found.message


def test_a_version_under_which_the_text_means_something_else_is_no_certain_fix() -> None:
    budget = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {minAvailable: 1, selector: %s}\n"
    empty, other = (
        next(one for one in review([("a.yaml", budget % selector)], None).findings if one.rule == "kind/api-version")
        for selector in ("{}", "{matchLabels: {a: b}}")
    )
    assert "takes every pod of the namespace and not none" in empty.message
    assert (empty.fix is None, other.fix is None) == (True, False)


def test_inside_of_a_value_of_a_wrong_type_nothing_is_missing() -> None:
    fault = "apiVersion: chaos-mesh.org/v1alpha1\nkind: NetworkChaos\nmetadata: {name: a, namespace: b}\n"
    spec = "spec: {action: loss, mode: one, duration: 60s, selector: {labelSelectors: {a: b}}, loss: 50}\n"
    found = [one for one in review([("a.yaml", fault + spec)], None).findings if one.severity == "error"]
    assert [(one.rule, one.path) for one in found] == [("chaos-mesh/percentage-shape", "/spec/loss")]


def test_a_known_kind_of_a_stranger_is_not_ours_to_judge() -> None:
    assert only("{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: a}}").severity == "skipped"


def test_a_gateway_of_istio_is_known() -> None:
    assert reviewed("{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: a}}").findings == []


# names --------------------------------------------------------------------------------------------------------------------------


def test_a_name_is_one_that_the_server_takes() -> None:
    for name in ("Shop", "a_b", "-a", "a" * 254, "a..b"):
        found = only(f"{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}}}")
        assert (found.rule, found.layer, found.severity) == ("metadata/name", "admission", "error")


def test_a_service_has_no_dot_in_its_name_and_a_deployment_may() -> None:
    assert rules("{apiVersion: v1, kind: Service, metadata: {name: a.b}}") == ["metadata/name"]
    assert rules("{apiVersion: apps/v1, kind: Deployment, metadata: {name: a.b}}") == []


def test_a_role_may_have_colons_in_its_name() -> None:
    assert rules("{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: 'system:a'}}") == []


def test_a_name_that_yaml_reads_as_a_number_is_to_be_quoted() -> None:
    assert "in quotes" in only("{apiVersion: v1, kind: Service, metadata: {name: 12}}").message


def test_a_generated_name_is_a_name() -> None:
    assert rules("{apiVersion: v1, kind: Pod, metadata: {generateName: a-}}") == []


def test_a_field_of_a_type_that_the_server_refuses_is_found() -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n  - port: '80'\n"
    found = only(text)
    assert (found.rule, found.layer, found.path, found.line) == ("schema/type", "schema", "/spec/ports/0/port", 6)


def test_a_field_that_is_null_is_a_field_that_was_left_out() -> None:
    assert rules("{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: null}}") == []


# filled in later ----------------------------------------------------------------------------------------------------------------


def test_what_is_filled_in_later_is_said_and_not_guessed() -> None:
    for name in ("${NAME}", "$(NAME)", "web-${ENV:-test}", "$NAME", "web-$NAME"):
        found = only(f"apiVersion: v1\nkind: Service\nmetadata: {{name: '{name}'}}\n")
        assert (found.rule, found.severity, found.path) == ("yaml/template", "skipped", "/metadata/name")
        assert name in found.message


def test_the_rest_of_such_a_document_is_checked() -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: '${NAME}'}\nspec:\n  ports:\n  - port: '80'\n"
    assert rules(text) == ["yaml/template", "schema/type"]


def test_a_value_that_is_filled_in_later_is_said_where_anything_would_pass() -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {externalName: $(HOST), type: ExternalName}\n"
    found = only(text)
    assert (found.rule, found.severity, found.path, found.line) == ("yaml/template", "skipped", "/spec/externalName", 4)
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: '${IMAGE}'}]}\n"
    assert only(pod).path == "/spec/containers/0/image"


def test_a_mark_that_is_no_yaml_inside_braces_is_said_too() -> None:
    found = reviewed(f"{SERVICE[:-1].replace('name: a', 'name: A')}\n---\nkind: Service\nmetadata: {{name: ${{NAME}}}}\n").findings
    assert [(one.rule, one.object, one.line) for one in found] == [
        ("yaml/template", "Service/${NAME}", 7),
        ("metadata/name", "Service/default/A", 4),
    ]


def test_what_a_container_or_its_shell_fills_in_is_no_placeholder() -> None:
    container = "name: a, image: a, command: [sh, -c, 'echo $HOME'], args: ['$(A)', '${A}'], env: [{name: A, value: $(B)}]"
    assert rules(f"{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{containers: [{{{container}}}]}}}}") == []


def test_files_of_helm_kustomize_and_our_own_are_told_apart_from_manifests() -> None:
    for name in (
        "chart/Chart.yaml",
        "chart/values-prod.yaml",
        "collector-values.yaml",
        "aichaos.yaml",
        "package.json",
        "base/kustomization.yaml",
    ):
        (found,) = review([(name, "replicas: 3\n")], None).findings
        assert (found.rule, found.severity) == ("yaml/not-an-object", "info")
    assert only("replicas: 3\n").severity == "error"


def test_a_scenario_of_a_library_is_told_apart_from_an_experiment() -> None:
    text = "name: a\nfind: routes\nexperiment: {apiVersion: aichaos/v1, kind: Experiment}\n"
    (found,) = review([("a.yaml", text)], None).findings
    assert (found.rule, found.severity) == ("yaml/not-an-object", "info")
    assert "aichaos library check" in found.message


OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../base]
patches: [{path: more.yaml, target: {kind: Deployment}}, {patch: "- {op: remove, path: /spec}", target: {kind: Service}}]
patchesStrategicMerge: [./image.yaml]
configMapGenerator: [{name: settings, files: [app=files/app.json]}]
"""
PATCH = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: 'a:2'}]}}}\n"
)


def test_what_kustomize_puts_together_is_said_and_not_judged() -> None:
    files = {
        "prod/kustomization.yaml": OVERLAY,
        "prod/more.yaml": "- {op: replace, path: /spec/replicas, value: 3}\n",
        "prod/image.yaml": PATCH,
        "prod/files/app.json": '{"colour": "red"}',
        "other/image.yaml": PATCH,
        "other/gone.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n$patch: delete\n",
    }
    found = review(files.items(), None).findings
    kinds = {name: {(one.rule, one.severity) for one in found if one.file == name} for name in files}
    patch, settings = {("yaml/template", "skipped")}, {("yaml/not-an-object", "info")}
    assert kinds["prod/kustomization.yaml"] == kinds["prod/files/app.json"] == settings
    assert kinds["prod/more.yaml"] == kinds["prod/image.yaml"] == kinds["other/gone.yaml"] == patch
    assert ("admission/required", "error") in kinds["other/image.yaml"]
    assert {"prod/kustomization.yaml" in one.message for one in found if one.file == "prod/image.yaml"} == {True}


def test_a_patch_is_not_taken_for_the_object_that_it_changes() -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n---\n"
    pods = PATCH.replace("spec: {template: {", "spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, ")
    fault = "apiVersion: chaos-mesh.org/v1alpha1\nkind: PodChaos\nmetadata: {name: a}\n"
    fault += "spec: {action: pod-kill, mode: one, selector: {labelSelectors: {app: web}}}\n"
    files = {"base/web.yaml": f"{service}{pods}", "prod/kustomization.yaml": OVERLAY, "prod/image.yaml": PATCH, "prod/chaos.yaml": fault}
    assert {one.file for one in review(files.items(), None).findings} == {"prod/kustomization.yaml", "prod/image.yaml"}


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
        "apiVersion: v1\nkind: Config\nclusters: []\n",
        "apiVersion: skaffold/v4beta6\nkind: Config\n",
        "apiVersion: litmuschaos.io/v1alpha1\nkind: ChartServiceVersion\nmetadata: {name: a}\n",
    ],
)
def test_settings_of_a_tool_are_not_judged_as_objects(text: str) -> None:
    (found,) = review([("a.yaml", text)], None).findings
    assert (found.rule, found.severity) == ("yaml/not-an-object", "info")


def test_a_kind_that_nobody_here_knows_may_have_no_name() -> None:
    (found,) = review([("a.yaml", "apiVersion: example.com/v1\nkind: Settings\n")], None).findings
    assert (found.rule, found.severity) == ("kind/unknown", "skipped")


# aliases and merges -------------------------------------------------------------------------------------------------------------


def test_a_finding_behind_an_alias_is_placed_where_it_is_written_and_says_where_it_is_used() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: &m\n    name: A\n"
    first, second = reviewed(f"{text}- apiVersion: v1\n  kind: Pod\n  metadata: *m\n").findings
    assert (first.line, first.column, second.line, second.column) == (7, 5, 7, 5)
    assert second.message.endswith("(written here, used in line 10)")
    assert "used in line" not in first.message


def test_a_finding_behind_a_merge_too() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- &s {apiVersion: v1, kind: Service, metadata: {name: A}}\n- {<<: *s, kind: Endpoints}\n"
    found = reviewed(text).findings[-1]
    assert (found.object, found.line) == ("Endpoints/default/A", 4)
    assert "used in line 5" in found.message


def test_our_own_baseline_and_snapshot_are_no_manifests() -> None:
    assert rules("{apiVersion: aichaos/v1, kind: Baseline, findings: []}") == []
    assert rules("{apiVersion: aichaos/v1, kind: Snapshot, source: {}}") == []
    assert rules("{apiVersion: example.com/v1, kind: Snapshot, metadata: {name: a}}") == ["kind/unknown"]
