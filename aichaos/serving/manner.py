"""How the dashboard is to be served, and which addresses nobody else can reach."""

import re
from ipaddress import ip_address

import msgspec

from aichaos.errors import UsageError

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
LEAST_TOKEN = 16
"""Characters of a token at least: about 95 bits where they are drawn from letters and digits."""


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """host: an IP address to listen on. token: what a browser has to know; None where everybody on this machine may look.

    guarded: whether looking needs the token, too. allow_stop: whether runs can be stopped; it always needs the token. names: host names
    under which it may be asked for, beside addresses and localhost. cluster: whether the
    cluster is asked which run is active, by the Lease of that name (`NS/NAME`).
    """

    host: str = "127.0.0.1"
    port: int = 8090
    token: str | None = None
    guarded: bool = False
    allow_stop: bool = False
    names: frozenset[str] = frozenset()
    cluster: bool = True
    lease: str = "aichaos/aichaos-run"
    kubeconfig: str | None = None
    context: str | None = None

    def checked(self) -> "Manner":
        """The same, where it can be meant. Raises UsageError."""
        if not is_loopback(self.host) and not self.token:
            hint = "Put a token of at least 16 characters into AICHAOS_SERVE_TOKEN, or leave --host out and reach it by `ssh -L`."
            raise UsageError(f"{self.host} can be reached from other machines: that needs a token", hint=hint)
        if self.token is not None and len(self.token) < LEAST_TOKEN:
            hint = 'As in: AICHAOS_SERVE_TOKEN="$(openssl rand -hex 16)"'
            raise UsageError(f"the token has {len(self.token)} characters; it needs {LEAST_TOKEN} at least", hint=hint)
        if self.token is not None and not (self.token.isascii() and self.token.isprintable() and " " not in self.token):
            raise UsageError("the token holds a character that no header can carry", hint="Letters, digits and - . _ ~ are fine.")
        for name in self.names:
            if not _NAME.fullmatch(name):
                raise UsageError(f"--name is {name!r}; it is a host name", hint="As in chaos.example.com, without a port.")
        return self


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address. Raises UsageError for what is no IP address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        raise UsageError(f"--host is {host!r}; it is an IP address", hint="As in 127.0.0.1, ::1, or 0.0.0.0 with a token.") from None
