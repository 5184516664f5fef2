"""Exports that are really started, against a real API server: they do what the experiment says, and afterwards all is as it was."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.controlplane.client import ControlPlane
from tests.report.export import shop


@pytest.fixture
def server(controlplane: ControlPlane) -> ControlPlane:
    controlplane.install_crds("gateway-api")
    return controlplane


def test_the_script_does_every_verb_and_leaves_all_as_it_was(server: ControlPlane, tmp_path: Path) -> None:
    with server.namespace() as namespace:
        shop.set_up(server, namespace)
        before = shop.state(server, namespace)
        document = shop.experiment(namespace, *shop.every_verb(namespace))
        folder, around = shop.exported(server, namespace, document, "kubectl", tmp_path / "shop")
        done = subprocess.run(["sh", str(folder / "run.sh")], env=around, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert "restored: every touched object is as it was" in done.stderr
        assert "9/9 delete NetworkPolicy" in done.stderr
        assert shop.state(server, namespace) == before
        assert shop.by_age(server, namespace) == ["elder", "rival"]  # rival was made again, though no step touches it
        assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == []
        assert not list(tmp_path.rglob("title"))


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda sent: str(sent.name))
def test_a_signal_stops_it_and_all_is_as_it_was(server: ControlPlane, tmp_path: Path, sent: signal.Signals) -> None:
    with server.namespace() as namespace:
        shop.set_up(server, namespace)
        before = shop.state(server, namespace)
        steps: list[shop.Manifest] = [
            {"delete": {"kind": "NetworkPolicy", "name": "calm", "namespace": namespace}},
            {"wait": {"for": "100s"}},
        ]
        folder, around = shop.exported(server, namespace, shop.experiment(namespace, *steps), "kubectl", tmp_path / "shop")
        with subprocess.Popen(["sh", str(folder / "run.sh")], env=around, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
            assert run.stderr is not None
            assert any("2/2 wait" in line for line in run.stderr)
            assert shop.state(server, namespace) != before
            os.kill(run.pid, sent)
            said = run.stderr.read()
            run.wait(timeout=60)
        assert run.returncode in (130, 143), said
        assert "restored" in said
        assert shop.state(server, namespace) == before


def test_its_deadline_ends_it(server: ControlPlane, tmp_path: Path) -> None:
    with server.namespace() as namespace:
        shop.set_up(server, namespace)
        before = shop.state(server, namespace)
        steps: list[shop.Manifest] = [
            {"scale": {"kind": "Deployment", "name": "web", "namespace": namespace, "replicas": 0}},
            {"wait": {"for": "3s"}},
        ]
        document = shop.experiment(namespace, *steps, deadline="4s")
        folder, around = shop.exported(server, namespace, document, "kubectl", tmp_path / "shop")
        script = (folder / "run.sh").read_text()
        (folder / "run.sh").write_text(script.replace("pause 3", "pause 100"))
        done = subprocess.run(["sh", str(folder / "run.sh")], env=around, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 143, done.stderr
        assert shop.state(server, namespace) == before


def test_a_step_that_fails_is_undone_with_the_others(server: ControlPlane, tmp_path: Path) -> None:
    with server.namespace() as namespace:
        shop.set_up(server, namespace)
        steps: list[shop.Manifest] = [
            {"scale": {"kind": "Deployment", "name": "web", "namespace": namespace, "replicas": 0}},
            {"patch": {"kind": "Service", "name": "web", "namespace": namespace, "merge": {"spec": {"ports": [{"port": 81}]}}}},
        ]
        folder, around = shop.exported(server, namespace, shop.experiment(namespace, *steps), "kubectl", tmp_path / "shop")
        script = (folder / "run.sh").read_text()
        (folder / "run.sh").write_text(script.replace('[{"port":81}]', '[{"port":810000}]'))
        before = shop.state(server, namespace)
        done = subprocess.run(["sh", str(folder / "run.sh")], env=around, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1, done.stderr
        assert "810000" in done.stderr
        assert shop.state(server, namespace) == before


def test_what_somebody_else_has_made_meanwhile_under_the_same_name_stays(server: ControlPlane, tmp_path: Path) -> None:
    with server.namespace() as namespace:
        shop.set_up(server, namespace)
        third = shop.route("third", "other")
        third["metadata"]["namespace"] = namespace
        steps: list[shop.Manifest] = [{"create": third}, {"wait": {"for": "100s"}}]
        folder, around = shop.exported(server, namespace, shop.experiment(namespace, *steps), "kubectl", tmp_path / "shop")
        where = f"{shop.ROUTES.format(namespace)}/third"
        with subprocess.Popen(["sh", str(folder / "run.sh")], env=around, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
            assert run.stderr is not None
            assert any("2/2 wait" in line for line in run.stderr)
            server.request("DELETE", where)
            theirs = server.request("POST", shop.ROUTES.format(namespace), shop.route("third", "web"))
            os.kill(run.pid, signal.SIGTERM)
            said = run.stderr.read()
            run.wait(timeout=60)
        assert run.returncode == 143, said
        assert "httproutes.gateway.networking.k8s.io/third stays: it was not made here" in said
        assert server.get(where)["metadata"]["uid"] == theirs["metadata"]["uid"]


def test_chaos_toolkit_takes_it_runs_it_and_rolls_back(server: ControlPlane, tmp_path: Path) -> None:
    pytest.importorskip("chaoslib")
    with server.namespace() as namespace:
        shop.set_up(server, namespace)
        before = shop.state(server, namespace)
        document = shop.experiment(namespace, *shop.every_verb(namespace))
        folder, around = shop.exported(server, namespace, document, "chaostoolkit", tmp_path / "shop")
        for verb in ("validate", "run"):
            command = ["chaos", "--no-version-check", verb, "experiment.json"]
            done = subprocess.run(command, env=around, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        journal = json.loads((folder / "journal.json").read_text())
        assert [one["status"] for one in journal["run"]] == ["succeeded"] * 10
        assert [one["status"] for one in journal["rollbacks"]] == ["succeeded"]
        undone = journal["rollbacks"][0]["output"]
        assert undone["status"] == 0, undone["stderr"]
        assert shop.state(server, namespace) == before
        assert shop.by_age(server, namespace) == ["elder", "rival"]
