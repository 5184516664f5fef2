"""Lines that a person may paste into a shell: whatever names are in them, the shell and kubectl read them as names."""

import shlex
from pathlib import PurePath
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.domain.experiment import Experiment
from aichaos.domain.snapshot import Snapshot
from aichaos.report.kubectl import Rendered, render
from tests.observe.clusters import Manifest, route, snapshot_of

FOLDER = PurePath("chaos/one")
TARGET = {"kind": "Deployment", "name": "web", "namespace": "shop"}
POLICY = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": "shop"}, "spec": {}}


def rendered(*steps: Manifest, seen: Snapshot | None = None, folder: PurePath = FOLDER) -> list[Rendered]:
    document = {"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "one"}, "spec": {"title": "t", "steps": list(steps)}}
    return render(msgspec.convert(document, Experiment), seen or snapshot_of(), folder)


def lines(step: Manifest, **more: Any) -> list[str]:
    return rendered(step, **more)[0].commands


@pytest.mark.parametrize(
    ("step", "commands"),
    [
        ({"name": "cut", "create": POLICY}, ["kubectl create -f chaos/one/01-cut.yaml"]),
        ({"name": "cut", "apply": POLICY}, ["kubectl apply -f chaos/one/01-cut.yaml"]),
        ({"chaos": POLICY, "hold": "60s"}, ["kubectl apply -f chaos/one/01-p.yaml", "kubectl delete -f chaos/one/01-p.yaml"]),
        ({"chaos": POLICY}, ["kubectl apply -f chaos/one/01-p.yaml"]),
        ({"delete": TARGET}, ["kubectl delete deployment/web -n shop"]),
        ({"delete": {"kind": "Node", "name": "n1"}}, ["kubectl delete node/n1"]),
        ({"scale": TARGET | {"replicas": 0}}, ["kubectl scale deployment/web -n shop --replicas=0"]),
        ({"restart": TARGET}, ["kubectl rollout restart deployment/web -n shop"]),
        ({"patch": TARGET | {"merge": {"a": "it's"}}}, ['kubectl patch deployment/web -n shop --type=merge -p \'{"a":"it\'"\'"\'s"}\'']),
        ({"label": TARGET | {"set": {"a": "b"}, "remove": ["c"]}}, ["kubectl label deployment/web -n shop --overwrite a=b c-"]),
        (
            {"wait": {"until": {"object": "Deployment/shop/web", "condition": "Available"}, "timeout": "2m"}},
            ["kubectl wait --for=condition=Available deployment/web -n shop --timeout=2m"],
        ),
        ({"wait": {"until": {"object": "Node/n1", "condition": "Ready"}}}, ["kubectl wait --for=condition=Ready node/n1"]),
        ({"wait": {"for": "10s"}}, []),
        ({"probe": "it answers"}, []),
    ],
)
def test_every_verb_is_the_line_that_a_person_would_type(step: Manifest, commands: list[str]) -> None:
    assert lines(step) == commands


@pytest.mark.parametrize(
    ("step", "text"),
    [
        ({"create": POLICY}, "create NetworkPolicy/shop/p"),
        ({"chaos": POLICY, "hold": "60s"}, "apply NetworkPolicy/shop/p, hold for 60s, remove it"),
        ({"scale": TARGET | {"replicas": 0}}, "scale Deployment/shop/web to 0"),
        ({"recreate": TARGET}, "recreate Deployment/shop/web as it was"),
        ({"label": TARGET | {"set": {"a": "b"}, "remove": ["c"]}}, "label Deployment/shop/web: a=b, c-"),
        ({"wait": {"for": "10s"}}, "wait 10s"),
        ({"wait": {"until": {"object": "Node/n1", "condition": "Ready"}, "timeout": "2m"}}, "wait until Node/n1 is Ready, at most 2m"),
        ({"probe": "it answers"}, "look: it answers"),
    ],
)
def test_every_verb_is_said_in_words(step: Manifest, text: str) -> None:
    assert rendered(step)[0].text == text


def test_what_is_recreated_is_the_object_as_it_was() -> None:
    mine = route(labels={"a": "b"})
    (step,) = rendered({"recreate": {"kind": "HTTPRoute", "name": "web", "namespace": "shop"}}, seen=snapshot_of(mine))
    assert step.manifest == mine
    assert step.commands == ["kubectl create -f chaos/one/01-web.yaml"]


def test_what_is_not_known_whole_is_not_recreated_by_hand() -> None:
    (step,) = rendered({"recreate": TARGET})
    assert (step.manifest, step.file, step.commands) == (None, None, [])


HOSTILE_NAMES = [
    "$(reboot)",
    "`reboot`",
    "a; reboot",
    "a && reboot",
    "a | b",
    "it's",
    'say "hi"',
    "a\nreboot",
    "a b",
    "*",
    "~",
    "$HOME",
    "\\",
    "-rf",
    "",
]
NAMES = st.text() | st.sampled_from(HOSTILE_NAMES)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_stays_one_argument(name: str) -> None:
    (line,) = lines({"delete": {"kind": "Pod", "name": name, "namespace": name or "shop"}})
    assert shlex.split(line) == ["kubectl", "delete", f"pod/{name}", "-n", name or "shop"]


@given(NAMES, NAMES.filter(bool), st.integers())
def test_any_name_stays_one_argument(name: str, namespace: str, replicas: int) -> None:
    target = {"kind": "Deployment", "name": name, "namespace": namespace}
    assert shlex.split(lines({"scale": target | {"replicas": replicas}})[0]) == [
        *("kubectl", "scale", f"deployment/{name}", "-n", namespace, f"--replicas={replicas}")
    ]
    assert shlex.split(lines({"patch": target | {"merge": {name: namespace}}})[0])[-2:] == [
        "-p",
        msgspec.json.encode({name: namespace}).decode(),
    ]
    waiting = {"wait": {"until": {"object": f"Deployment/shop/{name.replace('/', '')}", "condition": name}, "timeout": namespace}}
    assert shlex.split(lines(waiting)[0]) == [
        *("kubectl", "wait", f"--for=condition={name}", f"deployment/{name.replace('/', '')}", "-n", "shop", f"--timeout={namespace}")
    ]


@given(st.dictionaries(NAMES, NAMES, max_size=3), st.lists(NAMES, max_size=3))
def test_labels_stay_arguments_and_never_become_options(given_: dict[str, str], removed: list[str]) -> None:
    found = lines({"label": TARGET | {"set": given_, "remove": removed}})
    wanted = [f"{key}={value}" for key, value in given_.items()] + [f"{key}-" for key in removed]
    if found:
        assert shlex.split(found[0]) == ["kubectl", "label", "deployment/web", "-n", "shop", "--overwrite", *wanted]
        assert not any(one.startswith("-") for one in wanted)
    else:
        assert any(not (key[:1].isascii() and key[:1].isalnum()) for key in (*given_, *removed))


@pytest.mark.parametrize(
    "step",
    [
        {"delete": TARGET | {"kind": "--kubeconfig=/tmp/theirs"}},
        {"scale": TARGET | {"kind": "-A", "replicas": 0}},
        {"label": TARGET | {"set": {"--all": ""}}},
        {"label": TARGET | {"remove": ["--all"]}},
        {"wait": {"until": {"object": "--all/shop/web", "condition": "Ready"}}},
    ],
)
def test_what_kubectl_would_read_as_an_option_gives_no_line(step: Manifest) -> None:
    assert lines(step) == []


@given(st.text(), st.text(), st.text())
def test_no_file_leaves_the_folder(step_name: str, object_name: str, kind: str) -> None:
    manifest = {"apiVersion": "v1", "kind": kind, "metadata": {"name": object_name}}
    (step,) = rendered({"name": step_name, "create": manifest})
    assert step.file is not None
    assert (FOLDER / step.file).parent == FOLDER
    assert set(step.file) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert len(step.file) < 100
    assert shlex.split(step.commands[0])[-1] == f"{FOLDER}/{step.file}"


@pytest.mark.parametrize("folder", ["a b", "$(reboot)", "it's", "a;b"])
def test_a_folder_of_any_name_stays_one_argument(folder: str) -> None:
    (line,) = lines({"name": "cut", "create": POLICY}, folder=PurePath(folder))
    assert shlex.split(line) == ["kubectl", "create", "-f", f"{folder}/01-cut.yaml"]


def test_files_of_steps_never_collide() -> None:
    files = [step.file for step in rendered(*[{"name": "cut", "create": POLICY}] * 3)]
    assert files == ["01-cut.yaml", "02-cut.yaml", "03-cut.yaml"]
