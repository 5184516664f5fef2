"""The process that holds the session's control plane: ``python -m tests.controlplane.keeper FOLDER OWNER_PID [chaos-mesh]``.

Under pytest-xdist no test process fits: a worker that started the servers may end, or crash, before another has finished.
So the first one that needs them starts this keeper, which serves all of them and ends with the owner, pytest's main process:
when the owner says so, and also when it dies without a word.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from . import recipe
from .cache import Binaries, Missing, locate
from .chaosmesh import ChaosMesh
from .client import ControlPlane
from .locks import only_one
from .server import Servers

_ROOT = Path(__file__).parents[2]
_WITH_CHAOS_MESH = ("chaos-mesh",)
_PATIENCE = 30.0  # seconds for an orderly end


class KeeperError(Exception):
    """The session's control plane did not start; the message says why."""


def shared(folder: Path, owner: int, binaries: Binaries, *, chaos_mesh: bool = False) -> ControlPlane:
    """The control plane of the session, started by whoever asks first. Raises KeeperError, the same for all who ask.

    One with Chaos Mesh in it is another than one without, and needs a folder of its own.
    """
    folder.mkdir(exist_ok=True)
    with only_one(folder / "keeper.lock"):
        state_file = _state_file(folder)
        if not state_file.exists():
            state_file.write_text(json.dumps(_start(folder, owner, _WITH_CHAOS_MESH if chaos_mesh else ())), encoding="utf-8")
        state = json.loads(state_file.read_text(encoding="utf-8"))
    if "error" in state:
        raise KeeperError(state["error"])
    return ControlPlane(folder=Path(state["folder"]), url=state["url"], tokens=state["tokens"], binaries=binaries)


def stop(folder: Path) -> None:
    """Ends the session's control plane if there is one, and returns when it has ended. For the owner."""
    pid_file = _pid_file(folder)
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text(encoding="utf-8"))
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:  # it has ended by itself
        return
    try:
        if str(folder) not in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8"):
            return  # it has ended, and the number went to somebody else
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not select.select([handle], [], [], _PATIENCE)[0]:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [])
    finally:
        os.close(handle)
    _reap(pid)


def _start(folder: Path, owner: int, more: Sequence[str]) -> dict[str, object]:
    """Starts a keeper and returns what it says when its servers are ready, or why they are not."""
    read_end, write_end = os.pipe()
    log = folder / "keeper.log"
    # Not subprocess: the keeper may outlive this process, and Popen warns when its object goes before the child does.
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", __name__, str(folder), str(owner), *more],
        {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, write_end, 1),
            (os.POSIX_SPAWN_OPEN, 2, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        ],
        setsid=True,
    )
    _pid_file(folder).write_text(str(pid), encoding="utf-8")
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as pipe:
        said = pipe.readline()
    if not said:
        return {"error": f"the keeper ended without a word:\n{log.read_text(encoding='utf-8')}"}
    state: dict[str, object] = json.loads(said)
    return state


def _reap(pid: int) -> None:
    """Without xdist the keeper is a child of the owner and would stay a zombie."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:  # a worker's child: somebody else has taken care of it
        return


def _state_file(folder: Path) -> Path:
    return folder / "state.json"


def _pid_file(folder: Path) -> Path:
    return folder / "keeper.pid"


def _keep(folder: Path, owner: int, *, chaos_mesh: bool) -> None:
    found = locate(*(recipe.CHAOS_MESH if chaos_mesh else ()))
    if isinstance(found, Missing):
        raise KeeperError(found.reason)
    handle = os.pidfd_open(owner)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(Servers(folder / "controlplane", found)).controlplane
        if chaos_mesh:
            stack.enter_context(ChaosMesh(running))
        _say({"folder": str(running.folder), "url": running.url, "tokens": dict(running.tokens)})
        select.select([handle], [], [])  # until the owner dies; SIGTERM ends the waiting with SystemExit
    shutil.rmtree(folder)  # which the owner can no longer do


def _say(state: dict[str, object]) -> None:
    print(json.dumps(state), flush=True)


def main() -> None:
    """The keeper's life."""
    try:
        _keep(Path(sys.argv[1]), int(sys.argv[2]), chaos_mesh=tuple(sys.argv[3:]) == _WITH_CHAOS_MESH)
    except Exception as error:
        _say({"error": str(error)})
        raise


if __name__ == "__main__":
    main()
