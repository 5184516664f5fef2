"""Whatever a user gets wrong: one clear line that says what to do, the promised exit code, no traceback, nothing half-written."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from aichaos.cli.main import COMMANDS, cli
from aichaos.files import yaml
from tests.program import Run, answer, environment, fails


def kubeconfig(folder: Path, server: str) -> Path:
    path = folder / "kubeconfig"
    path.write_text(
        yaml.dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
                "clusters": [{"name": "c", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": {"token": "secret-token"}}],
            }
        ),
        encoding="utf-8",
    )
    return path


def aichaos_shell(script: str, folder: Path) -> tuple[int, str]:
    """Exit code and standard error of a line in a shell."""
    done = subprocess.run(["sh", "-c", script], cwd=folder, env=environment(folder / "home"), capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_without_the_right_to_read_it_is_no_wrong_use(name: str) -> None:
    """click would say so itself, with the exit code of wrong use; to root every file is readable, so the declarations are looked at."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    commands = [command, *(command.commands.values() if isinstance(command, click.Group) else [])]
    paths = [parameter.type for one in commands for parameter in one.params if isinstance(parameter.type, click.Path)]
    assert not [path for path in paths if path.readable]


def test_no_cluster_names_the_demo_to_try(aichaos: Run) -> None:
    fails(aichaos("suggest"), 1, "--from demo:route-chaos")


def test_a_kubeconfig_that_is_not_there(aichaos: Run) -> None:
    fails(aichaos("suggest", "--kubeconfig", "/nowhere/config"), 1, "/nowhere/config")


def test_a_context_that_is_not_there_names_those_that_are(aichaos: Run, tmp_path: Path) -> None:
    done = aichaos("suggest", "--context", "there", kubeconfig=kubeconfig(tmp_path, "https://127.0.0.1:1"))
    fails(done, 1, "here")


def test_a_server_that_nobody_listens_at(aichaos: Run, tmp_path: Path) -> None:
    done = aichaos("suggest", kubeconfig=kubeconfig(tmp_path, "https://127.0.0.1:1"))
    fails(done, 1, "127.0.0.1:1")
    assert "secret-token" not in done.stderr


def test_an_unknown_demo_names_the_known_ones(aichaos: Run) -> None:
    fails(aichaos("suggest", "--from", "demo:nope"), 1, "demo:route-chaos")


def test_a_path_that_is_not_there(aichaos: Run) -> None:
    fails(aichaos("suggest", "--from", "nope.yaml"), 1, "nope.yaml")


def test_a_broken_file_names_line_and_column(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: x\n", encoding="utf-8")
    done = aichaos("suggest", "--from", "broken.yaml")
    assert done.returncode == 1
    assert "broken.yaml:4:1: " in done.stderr


def test_a_binary_file_is_said_to_be_one(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(bytes(range(128, 256)) * 10)
    fails(aichaos("suggest", "--from", "x.yaml"), 1, "not UTF-8")


@pytest.mark.parametrize("command", ["suggest", "check"])
def test_a_file_of_500_mb_is_refused_without_being_read(command: str, aichaos: Run, tmp_path: Path) -> None:
    with (tmp_path / "big.yaml").open("wb") as file:
        file.truncate(500 * 2**20)
    fails(aichaos(*(["suggest", "--from", "big.yaml"] if command == "suggest" else ["check", "big.yaml"])), 1, "too large")


def test_a_file_without_kubernetes_objects(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("replicas: 3\n", encoding="utf-8")
    fails(aichaos("suggest", "--from", "values.yaml"), 1, "no Kubernetes object")


@pytest.mark.parametrize("count", ["0", "-1", "51"])
def test_a_count_that_cannot_be_meant(count: str, aichaos: Run) -> None:
    fails(aichaos("suggest", "--from", "demo:route-chaos", "--count", count), 2, "--count")


def test_an_empty_scenario(aichaos: Run) -> None:
    fails(aichaos("suggest", "--from", "demo:route-chaos", "--scenario", "  "), 2, "empty")


def test_an_unknown_backend_names_the_known_ones_and_nothing_else_is_asked(aichaos: Run) -> None:
    fails(aichaos("suggest", "--from", "demo:route-chaos", "--backend", "gemini"), 2, "playbook")


def test_a_backend_without_its_key(aichaos: Run) -> None:
    fails(aichaos("suggest", "--from", "demo:route-chaos", "--backend", "claude"), 6, "ANTHROPIC_API_KEY")


def test_an_unknown_setting_in_the_project_file(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "aichaos.yaml").write_text("bakend: playbook\n", encoding="utf-8")
    fails(aichaos("suggest", "--from", "demo:route-chaos"), 2, "bakend")


@pytest.mark.parametrize(
    "words",
    [
        "给我三个混沌测试场景来测试我的HTTPRoute",
        "תן לי שלושה תרחישים",
        "\x1b[31mred\x1b[0m \x07 bell",
        "x" * 100_000,
        "шум " * 14_000,
        "\udcff\udcfe of pods",
    ],
    ids=["chinese", "hebrew", "escapes", "one long word", "100 kB", "no UTF-8"],
)
def test_words_of_any_kind_get_an_answer(words: str, aichaos: Run) -> None:
    done = aichaos("suggest", "--from", "demo:route-chaos", "--scenario", words)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert answer(aichaos("suggest", "--from", "demo:route-chaos", "--scenario", words, "-o", "json", "--no-save"))["suggestions"]


def test_a_folder_that_cannot_be_written_to(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    fails(aichaos("suggest", "--from", "demo:route-chaos", "--out", "file"), 1, "--out")


def test_standard_output_that_is_full_is_said(aichaos: Run, tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    script = f"{sys.executable} -m aichaos suggest --from demo:route-chaos --no-save > /dev/full"
    done = aichaos_shell(script, tmp_path)
    assert done[0] == 1
    assert "cannot write the answer: No space left on device" in done[1]
    assert "Traceback" not in done[1]


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    script = f"{sys.executable} -m aichaos suggest --from demo:route-chaos --no-save | head -n 1"
    code, said = aichaos_shell(script, tmp_path)
    assert code == 0
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def test_a_snapshot_is_not_overwritten_unasked(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("mine", encoding="utf-8")
    fails(aichaos("snapshot", "s.json", "--from", "demo:route-chaos"), 2, "exists already")
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == "mine"


def test_an_unknown_command_names_the_known_ones(aichaos: Run) -> None:
    done = aichaos("sugest")
    assert done.returncode == 2
    assert "suggest" in done.stderr
    assert "Traceback" not in done.stderr


def test_namespace_and_all_namespaces_exclude_each_other(aichaos: Run) -> None:
    fails(aichaos("suggest", "--from", "demo:route-chaos", "-n", "a", "-A"), 2, "-n and -A")


def test_standard_output_that_is_closed_is_said(tmp_path: Path) -> None:
    code, said = aichaos_shell(f"{sys.executable} -m aichaos suggest --from demo:route-chaos --no-save >&-", tmp_path)
    assert code == 1
    assert "standard output is closed" in said


def test_standard_error_that_is_closed_does_no_harm(tmp_path: Path) -> None:
    code, _ = aichaos_shell(f"{sys.executable} -m aichaos suggest --from demo:route-chaos --no-save 2>&- >/dev/null", tmp_path)
    assert code == 0


def test_without_a_command_there_is_help(aichaos: Run) -> None:
    done = aichaos()
    assert done.returncode == 2
    assert "Commands:\n" in done.stderr


@pytest.mark.parametrize("value", ["nan", "-1", "inf", "soon"])
def test_a_timeout_that_is_none(value: str, aichaos: Run) -> None:
    done = aichaos("suggest", "--from", "demo:route-chaos", AICHAOS_TIMEOUT=value)
    fails(done, 2, "AICHAOS_TIMEOUT")


def test_a_path_that_is_needed_twice(aichaos: Run) -> None:
    fails(aichaos("check", "-", "--from", "-"), 2, "standard input")


def test_nothing_to_check_is_no_success(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing\n", encoding="utf-8")
    fails(aichaos("check", "empty.yaml"), 1, "nothing to check")


def test_a_cluster_where_nothing_fits_says_what_would(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("{apiVersion: v1, kind: Service, metadata: {name: a, namespace: b}}\n", encoding="utf-8")
    done = aichaos("suggest", "--from", "one.yaml")
    assert done.returncode == 0
    assert "start from an HTTPRoute" in done.stderr
    assert "list of ideas" not in done.stderr


def test_a_check_without_a_cluster_says_so_and_is_no_finding(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}\n", encoding="utf-8"
    )
    done = aichaos("check", "s.yaml", "--strict", "-o", "json")
    found = answer(done)
    assert (done.returncode, found["source"], found["findings"]) == (0, None, [])
    assert "references to a cluster were not checked" in done.stderr


@pytest.mark.parametrize("named", [True, False])
def test_a_server_that_cannot_be_asked_stops_no_check_however_it_is_named(named: bool, aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: Web}\n", encoding="utf-8")
    config = kubeconfig(tmp_path, "https://127.0.0.1:1")
    options = ("--server", "--kubeconfig", str(config)) if named else ("--server",)
    done = aichaos("check", "web.yaml", *options, "-o", "json", kubeconfig=None if named else config)
    assert {one["rule"] for one in answer(done)["findings"]} >= {"server/not-asked", "metadata/name"}
    assert "references to a cluster were not checked" in done.stderr
    (tmp_path / "web.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n", encoding="utf-8")
    assert aichaos("check", "web.yaml", *options, kubeconfig=None if named else config).returncode == 0
    assert aichaos("check", "web.yaml", *options, "--strict", kubeconfig=None if named else config).returncode == 4


@pytest.mark.parametrize("output", ["text", "json"])
def test_the_settings_show_no_password_of_an_address(output: str, aichaos: Run) -> None:
    done = aichaos("config", "-o", output, AICHAOS_BASE_URL="http://me:never-shown@127.0.0.1:8080/v1")
    assert done.returncode == 0
    assert "never-shown" not in done.stdout
    assert "http://127.0.0.1:8080/v1" in done.stdout
