"""`aichaos serve`: runs, live progress, reports and the stop button in a browser."""

import os
import secrets
import signal
import sys

import click

from aichaos.cli.options import A_LEASE, connection_options

_TOKEN = "AICHAOS_SERVE_TOKEN"


@click.command("serve", short_help="Runs, live progress, reports and the stop button in a browser.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", default=8090, show_default=True, type=click.IntRange(0, 65535), help="0 for any free one.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A host name that it may be asked by; may be repeated.")
@click.option("--allow-stop", is_flag=True, help="Let whoever knows the token stop runs.")
@click.option("--no-cluster", is_flag=True, help="Do not ask the cluster which run is active, whoever started it.")
@click.option("--lease", default="aichaos/aichaos-run", show_default=True, metavar="NS/NAME", type=A_LEASE, help="The Lease of runs.")
@connection_options
def command(
    host: str,
    port: int,
    names: tuple[str, ...],
    allow_stop: bool,
    no_cluster: bool,
    lease: str,
    kubeconfig: str | None,
    context: str | None,
) -> int:
    """Show the runs of this machine in a browser until Ctrl-C. It only reads, from the state folder and the Lease of runs.

    With --allow-stop a run can be stopped there by whoever knows the token: that of the variable AICHAOS_SERVE_TOKEN, or a new one that is
    printed. Where that variable is set, looking needs the token, too; an address that other machines can reach needs it set.

    There is no TLS: put a proxy in front, or use `ssh -L 8090:127.0.0.1:8090`.
    """
    from aichaos.serving.manner import Manner, is_loopback

    given = os.environ.get(_TOKEN) or None
    token = given or (secrets.token_urlsafe(24) if allow_stop and is_loopback(host) else None)
    manner = Manner(
        host=host,
        port=port,
        token=token,
        guarded=not is_loopback(host) or given is not None,
        allow_stop=allow_stop,
        names=frozenset(name.lower().removesuffix(".") for name in names),
        cluster=not no_cluster,
        lease=lease,
        kubeconfig=kubeconfig,
        context=context,
    ).checked()
    from aichaos.serving.server import serve

    def begun(address: str) -> None:
        print(f"serving {address} until Ctrl-C", flush=True)
        if token is not None and given is None:
            print(f"the token that stops runs: {token}", file=sys.stderr, flush=True)

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # the server closes its connections first, and passes it on
    try:
        serve(manner, begun)
    except KeyboardInterrupt:
        print("no longer serving", file=sys.stderr)
        return 130
    return 0
