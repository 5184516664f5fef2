"""What the official client makes of a target: tokens, certificates, plugins, the identity of a pod.

We let it work in memory and never write a kubeconfig, but for one thing: an OIDC provider may hand out a new refresh token and void the
old one, and then not keeping it would lock the user out (kubectl keeps it, too).

What the client (37.0) does not do, and we do here: it goes on as nobody when a credential plugin fails; it keeps the newline at
the end of a token file, which is no header; it asks an OIDC issuer without checking its certificate; it uses a proxy for
localhost, too, which client-go never does, and leaves out the proxy's password.
"""

import base64
import binascii
import logging
import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from aichaos.cluster.kubeconfig import Entry, Target
from aichaos.errors import FileError, NoClusterError, SourceError, UnauthorizedError

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its token, its certificate authority and its namespace."""


def from_target(target: Target, folder: str) -> Any:
    """A `kubernetes.client.Configuration`; certificates and keys that stand in the kubeconfig itself become files in `folder`.

    Runs a credential plugin if there is one. Raises NoClusterError, UnauthorizedError.
    """
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, kube_config

    user = _with_plugin(target) if "exec" in target.user and not _has_token(target.user) else target.user
    user = _with_verified_issuer(user)
    make: Any = kube_config.KubeConfigLoader
    loader = make(
        {
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": target.cluster}],
            "users": [{"name": "it", "user": user}],
        },
        config_base_path="",
        temp_file_path=folder,
        config_persister=lambda: _keep(target, user),
    )
    configuration = Configuration()
    try:
        loader.load_and_set(configuration)
    except SourceError:
        raise
    except (ConfigException, binascii.Error, UnicodeDecodeError, OSError) as error:
        raise _unusable(target, error) from error
    except Exception as error:  # an auth provider asks its issuer: requests, oauthlib, urllib3, KeyError …
        hint = "Log in again, as you would for kubectl."
        raise UnauthorizedError(f"the login of {_who(target)} can't be renewed ({type(error).__name__})", hint=hint) from error
    _set_proxy(configuration, own="proxy-url" in target.cluster)
    return configuration


def from_account() -> Any:
    """A Configuration from the service account of the pod that we run in. Raises NoClusterError."""
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, incluster_config

    configuration = Configuration()
    make: Any = incluster_config.InClusterConfigLoader
    try:
        make(str(ACCOUNT / "token"), str(ACCOUNT / "ca.crt"), try_refresh_token=False).load_and_set(configuration)
    except (ConfigException, OSError) as error:
        hint = "Set KUBECONFIG or give --kubeconfig; in a pod, allow automountServiceAccountToken."
        raise NoClusterError(f"the service account in {ACCOUNT} can't be used", hint=hint) from error
    _set_proxy(configuration, own=False)
    return configuration


def authorization(configuration: Any) -> str | None:
    """The header's value. A token's own line end is cut off; one inside it is refused without showing it. Raises UnauthorizedError."""
    value = (configuration.api_key.get("BearerToken") or "").strip()
    if not value or value.lower() == "bearer":
        return None
    if not value.isascii() or not value.isprintable():
        raise UnauthorizedError("the token in the kubeconfig is not one: it has characters that no header may have", hint="Log in again.")
    return str(value)


def _has_token(user: Entry) -> bool:
    """What the client would take before a plugin."""
    return "token" in user or "tokenFile" in user


def _who(target: Target) -> str:
    return f"user {target.user_name!r}" if target.user_name else f"context {target.info.name!r}"


def _unusable(target: Target, error: Exception) -> SourceError:
    if isinstance(error, OSError):
        what = f"{error.filename}: {error.strerror}" if error.filename else "a file that it names can't be read"
    elif "File does not exist" in str(error):
        what = f"there is no file {str(error).rpartition(': ')[2]}"
    else:
        what = "a certificate, a key or a token in it is not well-formed"
    hint = "Get a new kubeconfig, or repair the entries of this cluster and this user."
    return NoClusterError(f"context {target.info.name!r} of the kubeconfig can't be used: {what}", hint=hint)


# --- credential plugins


def _with_plugin(target: Target) -> Entry:
    """The user's entry with what the plugin answered in the place of the plugin."""
    from kubernetes.config import ConfigException, exec_provider, kube_config

    plugin = target.user["exec"]
    command = Path(plugin["command"]).name
    make: Any = exec_provider.ExecProvider
    node: Any = kube_config.ConfigNode
    try:
        answer = make(node("exec", plugin), None, node("cluster", target.cluster)).run()
    except (FileNotFoundError, PermissionError) as error:
        hint = " ".join(str(plugin.get("installHint") or "").split()) or f"Install {command}, or put it into the PATH."
        raise UnauthorizedError(f"the credential plugin {command} of {_who(target)} can't be started", hint=hint) from error
    except (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _plugin_failed(target, command, str(error)) from None  # the cause quotes what the plugin wrote
    if not isinstance(answer, dict) or not (answer.get("token") or (answer.get("clientCertificateData") and answer.get("clientKeyData"))):
        raise _plugin_failed(target, command, "it returned neither a token nor a certificate with its key")
    return {key: value for key, value in target.user.items() if key != "exec"} | _credentials(answer)


def _credentials(answer: dict[str, Any]) -> Entry:
    given: Entry = {}
    if answer.get("token"):
        given["token"] = answer["token"]
    if answer.get("clientCertificateData") and answer.get("clientKeyData"):
        given["client-certificate-data"] = base64.b64encode(answer["clientCertificateData"].encode()).decode()
        given["client-key-data"] = base64.b64encode(answer["clientKeyData"].encode()).decode()
    return given


def _plugin_failed(target: Target, command: str, told: str) -> UnauthorizedError:
    code = re.match(r"exec: process returned (-?\d+)(?:\. )?", told)
    if code:
        lines = told[code.end() :].strip().splitlines()
        reason = f"exit code {code[1]}" + (f", {hushed(lines[-1])}" if lines else "")
    elif told.startswith("it returned"):
        reason = told
    else:
        reason = "its answer is not an ExecCredential of the version that the kubeconfig asks for"
    hint = "Log in again, as you would for kubectl; `kubectl version` runs the same plugin."
    return UnauthorizedError(f"the credential plugin {command} of {_who(target)} failed: {reason}", hint=hint)


_OPAQUE = re.compile(r"[A-Za-z0-9+/_=-]{16,}(?:\.[A-Za-z0-9+/_=-]+)*")
_NAMED = re.compile(
    r"(?i)\b(\w*(?:password|passwd|secret|token|key|credential|authorization)\w*\"?\s*[=:]\s*(?:(?:bearer|basic)\s+)?|(?:bearer|basic)\s+)\S+"
)
_USERINFO = re.compile(r"://[^/\s@]+@")
_MAX_TOLD = 200


def hushed(text: str) -> str:
    """One line that a plugin wrote, with everything in it hidden that may be a secret; it is often what tells the user what to do."""

    def hide(match: re.Match[str]) -> str:
        word = match[0]
        mixed = re.search(r"[0-9]", word) and re.search(r"[A-Za-z]", word)
        return "***" if mixed or len(word) >= 40 else word

    text = _USERINFO.sub("://***@", "".join(c if c.isprintable() else " " for c in text))
    text = _NAMED.sub(lambda match: f"{match[1]}***", text)
    return _OPAQUE.sub(hide, text).strip()[:_MAX_TOLD]


# --- OIDC


def _with_verified_issuer(user: Entry) -> Entry:
    """An OIDC entry that names no certificate authority gets the system's: the client would ask the issuer unchecked."""
    provider = user.get("auth-provider")
    if not provider or provider.get("name") != "oidc":
        return user
    config = dict(provider.get("config") or {})
    system = ssl.get_default_verify_paths().cafile
    if system and not any(key.startswith("idp-certificate-authority") for key in config):
        config["idp-certificate-authority"] = system
    return user | {"auth-provider": provider | {"config": config}}


def _keep(target: Target, user: Entry) -> None:
    """Write renewed OIDC tokens into the file that the user's entry stands in, all or nothing."""
    from aichaos.files import yaml
    from aichaos.files.save import save

    file = target.user_file
    renewed = user["auth-provider"]["config"]
    if file is None:
        return
    try:
        (document,) = yaml.load(file.read_text(encoding="utf-8-sig"), str(file))
        for entry in document["users"]:
            if entry["name"] == target.user_name:
                config = entry["user"]["auth-provider"]["config"]
                config.update({key: renewed[key] for key in ("id-token", "refresh-token") if key in renewed})
        save(file, yaml.dump(document))
    except (OSError, ValueError, KeyError, FileError) as error:
        logging.getLogger(__name__).warning("the renewed login can't be kept in %s (%s)", file, type(error).__name__)


# --- proxies


def _set_proxy(configuration: Any, *, own: bool) -> None:
    """The client takes the proxy from the environment or from `proxy-url` (`own`); here it is made to behave as in client-go."""
    if not configuration.proxy:
        return
    if own:
        configuration.no_proxy = None  # NO_PROXY is about proxies from the environment
    elif is_loopback(urlsplit(configuration.host).hostname or ""):
        configuration.proxy = None
        return
    proxy = urlsplit(configuration.proxy)
    if proxy.username is not None and proxy.scheme in ("http", "https"):
        from urllib3.util import make_headers

        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        configuration.proxy_headers = make_headers(proxy_basic_auth=login)


def is_loopback(host: str) -> bool:
    """Whether a host, as it stands in a URL, is this machine."""
    return host == "localhost" or host.endswith(".localhost") or host == "::1" or bool(re.fullmatch(r"127(\.\d+){3}", host))
