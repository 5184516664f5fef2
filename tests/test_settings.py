"""Settings: flag > environment > ./aichaos.yaml > the user's file > default, and always where a value came from."""

from pathlib import Path
from typing import Any

import pytest

from aichaos.errors import FileError, SyntaxProblem, UsageError
from aichaos.settings import SETTINGS, Settings, load, user_file


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to stand in, an empty home, and no variable of ours."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for setting in SETTINGS:
        monkeypatch.delenv(setting.variable, raising=False)


def project(text: str) -> None:
    Path("aichaos.yaml").write_text(text)


def personal(text: str) -> None:
    user_file().parent.mkdir(parents=True, exist_ok=True)
    user_file().write_text(text)


def told(settings: Settings, name: str) -> tuple[Any, str]:
    return settings[name], settings.origin(name)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_without_a_word_every_setting_is_its_default(setting: Any) -> None:
    assert told(load({}), setting.name) == (setting.default, "default")


def test_the_nearest_word_counts_and_says_where_it_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    personal("model: of-the-user\n")
    assert told(load({}), "model") == ("of-the-user", str(user_file()))
    project("model: of-the-project\n")
    assert told(load({}), "model") == ("of-the-project", "aichaos.yaml")
    monkeypatch.setenv("AICHAOS_MODEL", "of-the-environment")
    assert told(load({}), "model") == ("of-the-environment", "AICHAOS_MODEL")
    assert told(load({"model": "of-the-flag"}), "model") == ("of-the-flag", "flag")


def test_each_setting_is_looked_for_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    personal("model: m\ncount: 7\n")
    project("count: 5\n")
    monkeypatch.setenv("AICHAOS_OUT", "elsewhere")
    found = load({"backend": "claude"})
    assert [told(found, name) for name in ("model", "count", "out", "backend")] == [
        ("m", str(user_file())),
        (5, "aichaos.yaml"),
        ("elsewhere", "AICHAOS_OUT"),
        ("claude", "flag"),
    ]


def test_a_flag_or_a_value_that_was_not_given_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    project("model:\n")
    personal("model: m\n")
    monkeypatch.setenv("AICHAOS_MODEL", "")
    assert told(load({"model": None}), "model") == ("m", str(user_file()))


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}\n"])
def test_a_file_without_settings_is_no_error(text: str) -> None:
    project(text)
    assert told(load({}), "count") == (3, "default")


def test_numbers_may_be_written_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICHAOS_COUNT", "7")
    monkeypatch.setenv("AICHAOS_TIMEOUT", "1.5")
    assert (load({})["count"], load({})["timeout"]) == (7, 1.5)


def test_the_users_file_is_below_the_home_where_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", "/home/lior")
    assert user_file() == Path("/home/lior/.config/aichaos/config.yaml")


def test_an_unknown_setting_names_its_file_and_the_known_ones() -> None:
    project("modle: m\n")
    with pytest.raises(UsageError, match=r"aichaos\.yaml: no setting is called 'modle'") as caught:
        load({})
    assert "model" in caught.value.hint


@pytest.mark.parametrize("text", ["count: many\n", "count: [1]\n", "timeout: soon\n", "model: 3\n", "out: {a: b}\n", "count: 1.5\n"])
def test_a_value_of_the_wrong_type_names_its_place(text: str) -> None:
    project(text)
    with pytest.raises(UsageError, match=f"aichaos.yaml: {text.partition(':')[0]} can't be"):
        load({})


def test_a_wrong_value_in_the_environment_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICHAOS_COUNT", "many")
    with pytest.raises(UsageError, match="AICHAOS_COUNT: count can't be 'many'"):
        load({})


def test_a_wrong_value_that_nobody_needs_is_no_error() -> None:
    project("count: many\n")
    assert load({"count": 2})["count"] == 2


@pytest.mark.parametrize(("text", "place"), [("a: [\n", "2:1"), ("count: 1\ncount: 2\n", "2:1")])
def test_a_file_that_is_no_yaml_is_said_with_its_place(text: str, place: str) -> None:
    project(text)
    with pytest.raises(SyntaxProblem) as caught:
        load({})
    assert str(caught.value).startswith(f"aichaos.yaml:{place}: ")


@pytest.mark.parametrize("text", ["- a\n", "words\n", "3\n"])
def test_a_file_that_is_no_mapping_is_an_error(text: str) -> None:
    project(text)
    with pytest.raises(UsageError, match="holds no settings"):
        load({})


@pytest.mark.parametrize("spoil", [lambda path: path.mkdir(), lambda path: path.write_bytes(b"\xff\xfe")], ids=["folder", "binary"])
def test_a_file_that_cannot_be_read_is_an_error_with_advice(spoil: Any) -> None:
    spoil(Path("aichaos.yaml"))
    with pytest.raises(FileError, match=r"cannot read the settings in aichaos\.yaml") as caught:
        load({})
    assert caught.value.hint


@pytest.mark.parametrize(
    "address", ["https://evil.example.com", "http://localhost:x@evil.example.com/", "http://localhost.evil.example.com", "http://[bad"]
)
def test_a_project_cannot_send_the_key_elsewhere(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("aichaos.yaml").write_text(f"base_url: '{address}'\n", encoding="utf-8")
    with pytest.raises(UsageError, match="on this machine"):
        load({})


def test_a_project_may_name_a_server_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("aichaos.yaml").write_text("base_url: http://localhost:11434/v1\n", encoding="utf-8")
    assert load({})["base_url"] == "http://localhost:11434/v1"


def test_a_project_cannot_run_a_program_through_a_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("aichaos.yaml").write_text("kubeconfig: k.yaml\n", encoding="utf-8")
    with pytest.raises(UsageError, match="kubeconfig"):
        load({})


# the policy ---------------------------------------------------------------------------------------------------------------------


def test_a_policy_is_read_from_a_file() -> None:
    personal('policy: {max_share: 0.3, max_duration: 15m, windows: [{from: "09:00", to: "17:00", days: [mon]}], allow: [JVMChaos]}\n')
    policy = load({})["policy"]
    assert (policy.max_share, policy.max_duration, policy.windows[0].from_, policy.allow) == (0.3, "15m", "09:00", ("JVMChaos",))


@pytest.mark.parametrize(
    "text",
    [
        "{max_shares: 0.3}",
        "{max_share: 3}",
        "{max_duration: 5}",
        "{max_duration: soon}",
        "{max_pods: -1}",
        "[a]",
        '{windows: [{from: "9:00"}]}',
        "{windows: [{days: [mondy]}]}",
        "{kinds: PodChaos}",
    ],
)
def test_a_policy_that_cant_be_meant_is_an_error_and_never_ignored(text: str) -> None:
    project(f"policy: {text}\n")
    with pytest.raises(UsageError, match="policy can't be"):
        load({})


def test_a_project_cannot_widen_the_limits_of_the_user() -> None:
    personal("policy: {max_share: 0.1, max_duration: 5m, kinds: [PodChaos], protected_namespaces: [payments]}\n")
    project("policy: {max_share: 0.9, max_pods: 7, max_duration: 1h, kinds: [PodChaos, JVMChaos], protected_namespaces: [shop]}\n")
    policy, origin = told(load({}), "policy")
    assert (policy.max_share, policy.max_pods, policy.max_duration, policy.kinds) == (0.1, 7, "5m", ("PodChaos",))
    assert set(policy.protected_namespaces) == {"payments", "shop"}
    assert origin == f"aichaos.yaml and {user_file()}"


def test_a_project_cannot_allow_what_the_user_does_not() -> None:
    personal("policy: {allow: [cmdProbe]}\n")
    project("policy: {max_pods: 1, allow: [kube-system]}\n")
    with pytest.raises(UsageError, match=r"aichaos\.yaml may not allow what is refused") as caught:
        load({})
    assert str(user_file()) in str(caught.value.hint)
    project("policy: {max_pods: 1, allow: []}\n")
    assert load({})["policy"].allow == ("cmdProbe",)


def test_a_policy_in_the_environment_allows_and_widens_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    project("policy: {max_pods: 3}\n")
    monkeypatch.setenv("AICHAOS_POLICY", "{max_pods: 7, max_share: 0.2, allow: [cmdProbe]}")
    policy, origin = told(load({}), "policy")
    assert (policy.max_pods, policy.max_share, policy.allow) == (3, 0.2, ("cmdProbe",))
    assert origin == "AICHAOS_POLICY and aichaos.yaml"


@pytest.mark.parametrize("text", ["{max_pod: 3}", "{max_pods: ", "words", "[a]"])
def test_a_policy_in_the_environment_that_cant_be_meant_is_an_error(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICHAOS_POLICY", text)
    with pytest.raises(UsageError, match="AICHAOS_POLICY"):
        load({})


@pytest.mark.parametrize("address", ["notaurl", "localhost:11434", "ftp://x/v1", "http://", "http://[", "http://x:99999/v1", "/v1"])
def test_a_base_url_that_is_no_address_is_wrong_use(address: str) -> None:
    with pytest.raises(UsageError, match="no http or https address"):
        load({"base_url": address})


@pytest.mark.parametrize("address", ["http://localhost:11434/v1", "https://models.example.com", "HTTP://[::1]:8080/v1"])
def test_a_base_url_may_be_any_address_of_http(address: str) -> None:
    assert load({"base_url": address})["base_url"] == address


def test_a_password_in_an_address_that_is_none_is_not_said() -> None:
    with pytest.raises(UsageError) as caught:
        load({"base_url": "ftp://me:never-shown@example.com/x?key=never-shown"})
    assert "never-shown" not in str(caught.value)
    assert "ftp://example.com/x" in str(caught.value)
