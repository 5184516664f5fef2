"""The one place for settings: flag > environment > ./aichaos.yaml > the user's file > default; and where each value came from."""

import os
from functools import reduce
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from aichaos.domain import forms
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.errors import FileError, UsageError
from aichaos.files import yaml
from aichaos.files.plain import mapping, shown_address

PROJECT_FILE = Path("aichaos.yaml")
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: its name in files (with `_`), its environment variable, its default, and what it is."""

    name: str
    type: type
    default: Any
    about: str

    @property
    def variable(self) -> str:
        return f"AICHAOS_{self.name.upper()}"


SETTINGS = (
    Setting(name="from", type=str, default=None, about="where the cluster comes from: live, a file, a folder, -, demo:NAME"),
    Setting(name="kubeconfig", type=str, default=None, about="the kubeconfig file; otherwise KUBECONFIG, then ~/.kube/config"),
    Setting(name="context", type=str, default=None, about="the kubeconfig context; otherwise the current one"),
    Setting(name="backend", type=str, default="playbook", about="who answers: see `aichaos backends`"),
    Setting(name="model", type=str, default=None, about="the backend's model; otherwise the backend's own default"),
    Setting(name="base_url", type=str, default=None, about="the backend's address; otherwise the provider's own"),
    Setting(name="timeout", type=float, default=300.0, about="seconds that one answer of a backend may take"),
    Setting(name="budget", type=int, default=30_000, about="tokens that a prompt may have, by our estimate; for a small local model 6000"),
    Setting(name="repairs", type=int, default=2, about="how often a model is asked to mend an answer with errors"),
    Setting(name="anonymize", type=bool, default=False, about="whether names and addresses are replaced before anything leaves"),
    Setting(name="cache", type=bool, default=True, about="whether answers of models are kept, and the same question asked only once"),
    Setting(name="count", type=int, default=3, about="how many suggestions"),
    Setting(name="out", type=str, default="chaos", about="the folder where suggestions are saved"),
    Setting(name="library", type=str, default=None, about="a folder with scenarios of your own, beside those of the program"),
    Setting(
        name="probe_ca", type=str, default=None, about="a PEM file with authorities that https probes and Prometheus are trusted by, too"
    ),
    Setting(name="policy", type=Policy, default=NO_POLICY, about="what chaos may do here: limits, namespaces, hours; see set-a-policy.md"),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """A setting as it is now. origin: flag, a variable's name, a file's path, or default."""

    name: str
    value: Any
    origin: str


class Settings:
    def __init__(self, effective: dict[str, Effective]) -> None:
        self.effective = effective

    def __getitem__(self, name: str) -> Any:
        return self.effective[name].value

    def origin(self, name: str) -> str:
        return self.effective[name].origin


def load(flags: dict[str, Any]) -> Settings:
    """All settings. `flags` holds what the command line gave; None stands for not given. Raises UsageError, FileError."""
    project = _file(PROJECT_FILE)
    _refuse_strangers(*project)
    layers = [project, _file(user_file())]
    found = Settings({setting.name: _effective(setting, flags, layers) for setting in SETTINGS})
    _refuse_no_address(found.effective["base_url"])
    return found


def _refuse_no_address(base_url: "Effective") -> None:
    """A base URL is a URL of HTTP; whether somebody answers there is found out later."""
    if base_url.value is None:
        return
    try:
        parts = urlsplit(base_url.value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        name = "--base-url" if base_url.origin == "flag" else f"{base_url.origin}: base_url"
        hint = "For example --base-url http://localhost:11434/v1"
        raise UsageError(f"{name} can't be {shown_address(base_url.value)!r}: it is no http or https address", hint=hint)


def _refuse_strangers(origin: str, values: dict[str, Any]) -> None:
    """A project's file comes with the project, perhaps from a stranger: it may not run a program, name who is sent our key, or allow what
    is refused.

    A kubeconfig can name a plugin that is run, and a base URL is where the key and the cluster's data go. The limits of a policy are
    another matter: a project can only make them narrower.
    """
    address = values.get("base_url")
    if values.get("kubeconfig") is not None:
        raise UsageError(f"{origin} may not choose the kubeconfig: one can run programs", hint="Use --kubeconfig, or KUBECONFIG.")
    if address is not None and not _on_this_machine(str(address)):
        hint = "If you trust it: --base-url, AICHAOS_BASE_URL, or your own settings file."
        raise UsageError(f"{origin} may only name a base_url on this machine, not {shown_address(str(address))}", hint=hint)
    if mapping(values.get("policy")).get("allow"):
        hint = f"What you allow yourself stands in {user_file()} or, as in CI, in AICHAOS_POLICY: {{allow: […]}}."
        raise UsageError(f"{origin} may not allow what is refused: its policy can only be narrower than yours", hint=hint)


def _on_this_machine(address: str) -> bool:
    try:
        return urlsplit(address).hostname in _THIS_MACHINE
    except ValueError:
        return False


def user_file() -> Path:
    """`~/.config/aichaos/config.yaml`, or where XDG_CONFIG_HOME says; the same on Linux and macOS, as git and gh do."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "aichaos" / "config.yaml"


def _effective(setting: Setting, flags: dict[str, Any], layers: list[tuple[str, dict[str, Any]]]) -> Effective:
    if flags.get(setting.name) is not None:
        value = _typed(setting, flags[setting.name], f"--{setting.name.replace('_', '-')}")
        return Effective(name=setting.name, value=value, origin="flag")
    variable = os.environ.get(setting.variable)
    if variable and setting.type is Policy:  # it stands beside the files: of policies the narrower one holds, and not the first
        layers = [(setting.variable, {setting.name: _policy(variable, setting)}), *layers]
    elif variable:
        return Effective(name=setting.name, value=_typed(setting, variable, setting.variable), origin=setting.variable)
    told = [(origin, _typed(setting, values[setting.name], origin)) for origin, values in layers if values.get(setting.name) is not None]
    if told and isinstance(told[0][1], Policy):
        inside = [policy for _, policy in told]
        return Effective(name=setting.name, value=reduce(Policy.within, inside), origin=" and ".join(origin for origin, _ in told))
    if told:
        return Effective(name=setting.name, value=told[0][1], origin=told[0][0])
    return Effective(name=setting.name, value=setting.default, origin="default")


def _policy(text: str, setting: Setting) -> Any:
    """A policy as it stands in a variable: YAML, as it would stand in a file. Raises UsageError."""
    try:
        documents = yaml.load(text, setting.variable)
    except FileError as error:
        raise UsageError(str(error), hint=f"As in {setting.variable}='{{allow: [cmdProbe]}}'") from error
    return documents[0] if documents else {}


def _file(path: Path) -> tuple[str, dict[str, Any]]:
    origin = str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return origin, {}
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"cannot read the settings in {origin}: {error}", hint="Mend the file, or move it away.") from error
    documents = yaml.load(text, origin)
    values = documents[0] if documents else {}
    if not isinstance(values, dict):
        raise UsageError(f"{origin} holds no settings: it must be a mapping of names to values", hint="For example: `backend: playbook`")
    for name in values:
        if name not in _BY_NAME:
            raise UsageError(f"{origin}: no setting is called {name!r}", hint=f"The settings are {', '.join(_BY_NAME)}.")
    return origin, values


def _typed(setting: Setting, value: Any, origin: str) -> Any:
    try:
        found: Any = forms.convert(value, setting.type, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"{origin}: {setting.name} can't be {value!r}: {error}", hint=f"It is {setting.about}.") from error
    if isinstance(found, float) and not 0 < found < float("inf"):
        raise UsageError(f"{origin}: {setting.name} can't be {value!r}", hint=f"It is {setting.about}: more than zero.")
    return found
