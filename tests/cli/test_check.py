"""`aichaos check` as a command: corrections on disk, what is accepted, files that can't be read, and the hook and action for CI."""

import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aichaos.files import yaml
from tests.program import Run, answer, environment, fails, interrupted

ROOT = Path(__file__).parent.parent.parent
BAD = "apiVersion: v1\nkind: Service\nmetadata: {name: Web}\nspec: {ports: [{port: 80}]}\n"
GOOD = BAD.replace("Web", "web")
FAULT = """\
apiVersion: chaos-mesh.org/v1alpha1
kind: NetworkChaos
metadata: {name: slow, namespace: shop}
spec:
  action: delay
  mode: fixed
  value: 50   # half of them
  duration: 60s
  selector: {labelSelectors: {app: web}}
  target: {mode: all, selector: {labelSelectors: {app: db}}}
  delay: {latency: "200ms"}
"""
FIXED = FAULT.replace("50 ", '"50" ')


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.yaml").write_text(GOOD, encoding="utf-8")
    return folder


def rules(done: "subprocess.CompletedProcess[str]") -> list[str]:
    return [one["rule"] for one in answer(done)["findings"]]


# --fix --------------------------------------------------------------------------------------------------------------------------


def test_fix_writes_the_file_keeps_its_mode_and_shows_the_difference(aichaos: Run, place: Path) -> None:
    file, link = place / "fault.yaml", place / "link.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + FAULT.encode())
    file.chmod(0o640)
    link.symlink_to(file)
    done = aichaos("check", str(link), "--fix")
    assert done.returncode == 0
    assert '+  value: "50"   # half of them\n' in done.stdout
    assert file.read_bytes() == b"\xef\xbb\xbf" + FIXED.encode()
    assert file.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(path.name for path in place.iterdir()) == ["fault.yaml", "good.yaml", "link.yaml"]


def test_diff_shows_the_same_and_writes_nothing(aichaos: Run, place: Path) -> None:
    (place / "fault.yaml").write_text(FAULT, encoding="utf-8")
    done = aichaos("check", "in", "--diff")
    assert done.returncode == 4
    assert "would be corrected, nothing was written" in done.stdout
    assert (place / "fault.yaml").read_text(encoding="utf-8") == FAULT
    patched = subprocess.run(["patch", "-p1"], cwd=place.parent, input=done.stdout.partition("\n\n")[0] + "\n", text=True, check=False)
    if patched.returncode == 0:
        assert (place / "fault.yaml").read_text(encoding="utf-8") == FIXED


def test_standard_input_is_corrected_to_standard_output(aichaos: Run) -> None:
    done = aichaos("check", "-", "--fix", stdin=FAULT)
    assert (done.returncode, done.stdout) == (0, FIXED)
    assert "1 finding corrected" in done.stderr
    fails(aichaos("check", "-", "x.yaml", "--fix", stdin=FAULT), 2, "standard output")


def test_json_says_what_was_corrected(aichaos: Run, place: Path) -> None:
    (place / "fault.yaml").write_text(FAULT, encoding="utf-8")
    done = answer(aichaos("check", "in", "--fix", "-o", "json"))
    assert [one["rule"] for one in done["fixed"]] == ["chaos-mesh/value"]
    assert done["findings"] == []


# what is wanted -----------------------------------------------------------------------------------------------------------------


def test_select_and_ignore(aichaos: Run, place: Path) -> None:
    (place / "bad.yaml").write_text(f"{BAD}---\n{FAULT}", encoding="utf-8")
    everything = rules(aichaos("check", "in", "-o", "json"))
    assert "chaos-mesh/value" in everything
    assert len(everything) > 1
    assert rules(aichaos("check", "in", "-o", "json", "--select", "chaos-mesh")) == ["chaos-mesh/value"]
    assert "chaos-mesh/value" not in rules(aichaos("check", "in", "-o", "json", "--ignore", "*/value,yaml/*"))
    fails(aichaos("check", "in", "--select", "chaos-mech"), 2, "did you mean chaos-mesh?")


def test_the_baseline_lies_beside_the_files_and_is_not_checked_itself(aichaos: Run, place: Path) -> None:
    (place / "fault.yaml").write_text(FAULT, encoding="utf-8")
    assert aichaos("check", "in", "--baseline", "in/accepted.yaml", "--update-baseline").returncode == 0
    done = aichaos("check", "in", "--baseline", "in/accepted.yaml", "-o", "json")
    assert (answer(done)["documents"], done.returncode, rules(done)) == (2, 0, [])
    (place / "fault.yaml").write_text(f"# moved\n{FAULT}---\n{FAULT.replace('slow', 'slower')}", encoding="utf-8")
    assert rules(aichaos("check", "in", "--baseline", "in/accepted.yaml", "-o", "json")) == ["chaos-mesh/value"]
    (place / "fault.yaml").write_text(FIXED, encoding="utf-8")
    assert "not found any more" in aichaos("check", "in", "--baseline", "in/accepted.yaml").stderr
    fails(aichaos("check", "in", "--baseline", "in/nothing.yaml"), 1, "nothing.yaml")
    fails(aichaos("check", "in", "--update-baseline"), 2, "--baseline FILE")


def test_a_broken_baseline_is_said_to_be_one(aichaos: Run, place: Path) -> None:
    (place / "accepted.yaml").write_text("findings: [1\n", encoding="utf-8")
    done = aichaos("check", "in", "--baseline", "in/accepted.yaml")
    fails(done, 1, "in/accepted.yaml is no baseline: line 2, column 1")
    assert "--update-baseline" in done.stderr


def test_every_output_is_alone_on_standard_output(aichaos: Run, place: Path) -> None:
    (place / "fault.yaml").write_text(FAULT, encoding="utf-8")
    assert aichaos("check", "in", "-o", "sarif").stdout.startswith('{\n  "$schema"')
    assert aichaos("check", "in", "-o", "junit").stdout.startswith("<?xml")
    github = aichaos("check", "in", "-o", "github")
    assert all(line.startswith("::") for line in github.stdout.splitlines())
    assert "1 error" in github.stderr


# what can't be read -------------------------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_a_finding_and_the_rest_is_checked(aichaos: Run, place: Path) -> None:
    (place / "bad.yaml").write_text(BAD, encoding="utf-8")
    (place / "binary.yaml").write_bytes(b"\x7fELF" + bytes(range(256)))
    (place / "empty.yaml").write_bytes(b"")
    (place / "loop.yaml").symlink_to(place / "loop.yaml")
    (place / "again").symlink_to(place)
    with (place / "huge.yaml").open("wb") as file:
        file.truncate(200 * 2**20)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = aichaos("check", "in", "nowhere.yaml", "-o", "json")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10, "of the processor, however busy it is"
    found = {(one["file"], one["rule"]) for one in answer(done)["findings"]}
    unread = {("in/binary.yaml", "file/unreadable"), ("in/huge.yaml", "file/unreadable"), ("in/loop.yaml", "file/unreadable")}
    others = {("nowhere.yaml", "file/unreadable"), ("in/bad.yaml", "metadata/name"), ("in/empty.yaml", "file/empty")}
    assert found == unread | others
    assert done.returncode == 4
    assert answer(done)["documents"] == 2


def test_a_pipe_a_socket_and_a_device_are_refused_and_the_rest_is_checked(aichaos: Run, place: Path) -> None:
    os.mkfifo(place / "pipe.yaml")
    (place / "null.yaml").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place / "socket.yaml"))
        done = aichaos("check", "in", "-o", "json")
    found = {(one["file"], one["rule"], one["message"]) for one in answer(done)["findings"]}
    assert found == {
        (f"in/{name}.yaml", "file/unreadable", f"cannot read in/{name}.yaml: it is a {what}, not a file; nothing in it was checked")
        for name, what in (("pipe", "named pipe"), ("socket", "socket"), ("null", "device"))
    }
    assert answer(done)["documents"] == 1
    fails(aichaos("check", "in/pipe.yaml"), 1, "it is a named pipe, not a file")


def test_what_a_shell_hands_over_as_a_file_is_read(place: Path) -> None:
    (place / "bad.yaml").write_text(BAD, encoding="utf-8")
    script = f"{sys.executable} -m aichaos check <(cat in/bad.yaml) -o json"
    around = environment(place / "home")
    done = subprocess.run(["bash", "-c", script], cwd=place.parent, env=around, capture_output=True, text=True, timeout=60, check=False)
    assert rules(done) == ["metadata/name"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_is_read_as_kubectl_reads_it(encoding: str, aichaos: Run, place: Path) -> None:
    (place / "wide.yaml").write_bytes(f"\ufeff{GOOD}---\n{BAD}".encode(encoding))
    done = aichaos("check", "in/wide.yaml", "-o", "json")
    assert (answer(done)["documents"], rules(done)) == (2, ["metadata/name"])


def test_an_empty_file_among_others_is_mentioned_and_fails_nothing(aichaos: Run, place: Path) -> None:
    (place / "empty.yaml").write_text("# nothing yet\n", encoding="utf-8")
    done = aichaos("check", "in", "--strict", "-o", "json")
    (found,) = answer(done)["findings"]
    assert (found["file"], found["rule"], found["severity"], done.returncode) == ("in/empty.yaml", "file/empty", "info", 0)
    fails(aichaos("check", "in/empty.yaml"), 1, "nothing to check in in/empty.yaml")


def test_a_folder_without_files_and_a_path_without_anything(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    fails(aichaos("check", "empty"), 1, "no YAML or JSON file in empty")
    fails(aichaos("check", "nowhere"), 1, "nowhere")


def test_a_reader_that_goes_away_is_no_error(place: Path) -> None:
    (place / "many.yaml").write_text("\n---\n".join([BAD] * 3000), encoding="utf-8")
    script = f"{sys.executable} -m aichaos check in | head -n 1"
    done = subprocess.run(["bash", "-c", script], cwd=place.parent, env=environment(place), capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("at", [1_000, 50_000, 200_000])
def test_an_interrupt_leaves_every_file_whole(at: int, place: Path) -> None:
    (place / "many.yaml").write_text("\n---\n".join([FAULT] * 2000), encoding="utf-8")
    before = (place / "many.yaml").read_bytes()
    done = interrupted(at, place, "check", "many.yaml", "--fix")
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert (place / "many.yaml").read_bytes() == before
    assert sorted(path.name for path in place.iterdir()) == ["good.yaml", "many.yaml"]


# CI -----------------------------------------------------------------------------------------------------------------------------


def test_the_action_runs_the_check_with_what_it_is_given(place: Path) -> None:
    (place / "bad file.yaml").write_text(BAD, encoding="utf-8")
    (action,) = yaml.load((ROOT / "action.yml").read_text(encoding="utf-8"), "action.yml")
    (step,) = [one for one in action["runs"]["steps"] if one.get("name") == "Check"]
    assert "${{" not in step["run"], "an input that is put into a script is run"
    around = environment(place, PATHS="in", ARGS="--strict --select metadata", SARIF="out.sarif")
    around["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{around['PATH']}"
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(command, cwd=place.parent, env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stderr
    assert done.stdout.startswith("::error file=in/bad file.yaml,line=3,")
    assert '"metadata/name"' in (place.parent / "out.sarif").read_text(encoding="utf-8")


def test_the_hook_names_a_command_that_exists(aichaos: Run, place: Path) -> None:
    ((hook,),) = yaml.load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"), "hooks")
    program, *arguments = hook["entry"].split()
    assert program == "aichaos"
    assert aichaos(*arguments, "in/good.yaml").returncode == 0


def test_explain_shows_the_page_of_a_rule_or_lists_a_family(aichaos: Run) -> None:
    page = aichaos("check", "--explain", "chaos-mesh/value")
    assert page.returncode == 0
    assert page.stdout.startswith("chaos-mesh/value\n\nHow many pods")
    assert '`--fix`: value: "50".' in page.stdout
    listed = aichaos("check", "--explain", "ignore").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["ignore/unused", "ignore/no-reason", "ignore/no-rule", "ignore/unknown-rule"]
    fails(aichaos("check", "--explain", "chaos-mesh/valeu"), 2, "did you mean chaos-mesh/value?")


def test_the_policy_of_the_project_holds(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "aichaos.yaml").write_text("policy: {max_duration: 30s}\n")
    (tmp_path / "a.yaml").write_text(
        "{apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: a, namespace: shop}, spec: {action: pod-failure, "
        "mode: one, duration: 60s, selector: {namespaces: [shop], labelSelectors: {app: web}}}}\n"
    )
    done = aichaos("check", "a.yaml", "-o", "json")
    assert done.returncode == 4
    assert [one["rule"] for one in answer(done)["findings"]] == ["policy/duration"]


# files of other tools --------------------------------------------------------------------------------------------------------------


def test_a_repository_is_not_drowned_in_files_that_are_no_manifests(aichaos: Run, place: Path) -> None:
    for name in ("rules.yml", "openapi.yaml", "dashboard.json", "package.json"):
        (place / name).write_text('{"groups": []}\n', encoding="utf-8")
    (place / "node_modules").mkdir()
    (place / "node_modules" / "bad.yaml").write_text(BAD, encoding="utf-8")
    done = aichaos("check", "in", "--strict")
    assert done.returncode == 0, done.stdout
    named = "in/dashboard.json, in/openapi.yaml, in/package.json and 1 more"
    assert f"4 files hold no Kubernetes object and were left alone: {named}" in done.stderr
    assert "note: in/rules.yml holds no Kubernetes object and was left alone\n" in aichaos("check", "in", "-v").stderr
    found = answer(aichaos("check", "in", "-o", "json"))
    assert (found["documents"], len(found["left_alone"]), found["findings"]) == (1, 4, [])
    (place / "broken.yaml").write_text(GOOD.replace("apiVersion: v1\n", ""), encoding="utf-8")
    assert aichaos("check", "in").returncode == 4


def test_a_file_that_is_named_is_judged_unless_others_are_to_be_left_alone(aichaos: Run, place: Path) -> None:
    (place / "rules.yml").write_text("groups: []\n", encoding="utf-8")
    assert rules(aichaos("check", "in/rules.yml", "-o", "json")) == ["yaml/not-an-object"]
    assert aichaos("check", "in", "in/rules.yml").returncode == 4
    left = aichaos("check", "in/rules.yml", "--leave-others")
    assert (left.returncode, left.stdout) == (0, "0 documents: nothing found\n")
    (place / "good.yaml").unlink()
    fails(aichaos("check", "in"), 1, "nothing to check in in")
