"""What goes wrong between us and a server, in our words: the one place where errors of urllib3 and TLS are translated.

No text of a library gets into a message: it may quote a header, a proxy's password or a piece of a kubeconfig.
"""

import errno
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from aichaos.errors import NoClusterError, ServerError, SourceError, UnauthorizedError, UnreachableError

WHOLE_BUDGET = float("inf")
REFUSED_SECONDS = 2.0
"""How long a refused connection is worth another try: the time in which an API server that was just restarted listens again."""
SILENT_SECONDS = 10.0
"""How long we go on connecting to an address that does not even refuse: a VPN that is off does not come back by itself."""


class Trouble(Exception):
    """A failed request, and whether to try again: for how many `patience` seconds after its start, and after how many of waiting.

    unsent: nobody can have taken the request, as no connection came about.
    """

    def __init__(self, error: SourceError, *, patience: float = 0.0, after: float | None = None, unsent: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.patience = patience
        self.after = after
        self.unsent = unsent


@contextmanager
def translated(server: str) -> Iterator[None]:
    """Whatever the transport raises in the block becomes a Trouble. `server`: the URL for messages, without a password in it."""
    from urllib3 import exceptions

    try:
        yield
    except exceptions.ProxyError as error:
        raise _proxy(server, error) from error
    except (exceptions.SSLError, ssl.SSLError) as error:
        raise _tls(server, error) from error
    except exceptions.NameResolutionError as error:
        raise Trouble(_unknown_host(server), unsent=True) from error
    except exceptions.NewConnectionError as error:  # before ConnectTimeoutError, of which urllib3 makes it a kind
        raise _no_connection(server, error) from error
    except exceptions.ConnectTimeoutError as error:
        problem = UnreachableError(f"{server} does not answer: no connection in time", hint="Is a VPN off, or a firewall in between?")
        raise Trouble(problem, patience=SILENT_SECONDS, unsent=True) from error
    except exceptions.ReadTimeoutError as error:
        raise Trouble(too_slow(server), patience=WHOLE_BUDGET) from error
    except exceptions.LocationParseError as error:
        wrong = NoClusterError(f"{server} is not an address", hint="Repair the server of this cluster in the kubeconfig.")
        raise Trouble(wrong, unsent=True) from error
    except (exceptions.HTTPError, OSError) as error:
        raise Trouble(_cut(server), patience=WHOLE_BUDGET) from error


def too_slow(server: str) -> UnreachableError:
    return UnreachableError(f"{server} answers too slowly", hint="Is it overloaded, or the network slow? Read less with -n NAMESPACE.")


def not_kubernetes(server: str, what: str) -> ServerError:
    return ServerError(
        f"{server} answered with {what}: is this a Kubernetes API server?",
        hint="Check the server's address in the kubeconfig; a proxy or a login page in between answers like this, too.",
    )


def _cut(server: str) -> UnreachableError:
    return UnreachableError(f"{server} cut the connection", hint="Try again; if it stays, a proxy or a load balancer in between may do it.")


def _unknown_host(server: str) -> UnreachableError:
    return UnreachableError(f"the host of {server} has no address", hint="Check the name in the kubeconfig, the network and the VPN.")


_REASONS = {
    errno.ECONNREFUSED: "refuses the connection",
    errno.ENETUNREACH: "can't be reached: no route to its network",
    errno.EHOSTUNREACH: "can't be reached: no route to the host",
}


def _no_connection(server: str, error: BaseException) -> Trouble:
    number = getattr(error.__cause__ or error.__context__, "errno", None)
    reason = _REASONS.get(number or 0, "can't be connected to")
    hint = f"Is the cluster running, and is {server} its address? `kubectl cluster-info` asks the same."
    return Trouble(UnreachableError(f"{server} {reason}", hint=hint), patience=REFUSED_SECONDS, unsent=True)


def _proxy(server: str, error: BaseException) -> Trouble:
    cause = getattr(error, "original_error", None) or error
    refused = "refuses to pass us on" if "Tunnel connection failed" in str(cause) else "can't be reached"
    if isinstance(cause.__cause__, socket.gaierror):
        refused = "has no address"
    return Trouble(
        UnreachableError(
            f"the proxy on the way to {server} {refused}",
            hint="Check HTTPS_PROXY, or proxy-url in the kubeconfig; NO_PROXY names hosts that are reached without it.",
        ),
        unsent=True,
    )


_CERTIFICATE_HINTS = (
    ("mismatch", "The certificate is for another name: check the server's address, or set tls-server-name in the kubeconfig."),
    ("expired", "The server's certificate has to be renewed; if it is valid, check this machine's clock."),
    ("not yet valid", "Check this machine's clock."),
    ("self", "The kubeconfig's certificate-authority is not the one that signed it: is this still the same cluster?"),
    ("issuer", "The kubeconfig's certificate-authority is not the one that signed it: is this still the same cluster?"),
)


def _tls(server: str, error: BaseException) -> Trouble:
    """TLS problems are not retried, as no certificate gets better; but for an end in the middle, which comes of a restart, too."""
    cause = error.args[0] if error.args and isinstance(error.args[0], ssl.SSLError) else error
    if isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return Trouble(_cut(server), patience=REFUSED_SECONDS)
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = cause.verify_message.rstrip(".")
        advice = next((hint for word, hint in _CERTIFICATE_HINTS if word in reason.lower()), "Is this the server you mean?")
        return Trouble(UnreachableError(f"the certificate of {server} is not accepted: {reason}", hint=advice))
    alert = (getattr(cause, "reason", None) or "").lower()
    if "alert" in alert and any(word in alert for word in ("certificate", "unknown_ca", "access_denied")):
        hint = "The client certificate in the kubeconfig may have expired, or belong to another cluster: get a new one."
        return Trouble(UnauthorizedError(f"{server} refuses our client certificate", hint=hint))
    hint = "Does this port speak TLS? The server's address in the kubeconfig starts with https://."
    return Trouble(UnreachableError(f"no TLS connection to {server} comes about", hint=hint))
