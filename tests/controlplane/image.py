"""Follows a Containerfile without a container engine, on a bare root file system instead of the image that it begins with:

    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates trixie BASE
    python -m tests.controlplane.image BASE FOLDER

FOLDER holds the finished image as a root file system, and what it says of its program. `running` makes a command of it that starts this
program as a kubelet would under `restricted`: as the image's user, with a read-only root, without a single capability, and with no way to
more. Needs root and Linux.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
_INSIDE = """
import ctypes, os, sys
user, command = int(sys.argv[1]), sys.argv[2:]
libc = ctypes.CDLL(None, use_errno=True)
for capability in range(64):
    libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.setgroups([user])
os.setgid(user)
os.setuid(user)
libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
os.execv(command[0], command)
"""


@dataclass
class Built:
    """A finished image."""

    root: Path
    user: str = "0:0"
    variables: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)

    def running(self, words: list[str], volumes: Mapping[str, Path]) -> list[str]:
        """A command that runs the image's program. volumes: folders by where they are mounted, which the image's user may write if it may
        outside, too."""
        for place in volumes:
            (self.root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
        given = " ".join(_q(f"{name}={value}") for name, value in self.variables.items())
        program = " ".join(map(_q, [*self.entrypoint, *words]))
        inside = f"/usr/local/bin/python -c {_q(_INSIDE)} {self.user.partition(':')[0]} {program}"
        root = _q(self.root)
        steps = [
            f"mount --bind {root} {root}",
            f"mount -t proc proc {root}/proc",
            f"mount --bind /dev {root}/dev",
            f"mount -o remount,bind,ro {root}",
            *(f"mount --bind {_q(source)} {root}{place}" for place, source in volumes.items()),
            f"exec chroot {root} /usr/bin/env {given} {inside}",
        ]
        return ["unshare", "--mount", "sh", "-ec", "\n".join(steps)]


def follow(base: Path, folder: Path, containerfile: Path = CONTAINERFILE) -> Built:
    """Carries out every instruction; raises where one is not known or fails."""
    stages: dict[str, Path] = {}
    folder.mkdir(parents=True, exist_ok=True)
    built = Built(folder)
    here = "/"
    for line in containerfile.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        print(line, flush=True)
        match word:
            case "FROM":
                name = rest.split(" AS ")[1] if " AS " in rest else ""
                built, here = Built(folder / (name or "image")), "/"
                stages[name] = built.root
                subprocess.run(["cp", "-a", str(base), str(built.root)], check=True)
                _as_python_image(built.root)
            case "WORKDIR":
                here = rest
                (built.root / here.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "COPY":
                words = rest.split()
                whence = stages[words.pop(0).removeprefix("--from=")] if words[0].startswith("--from=") else ROOT
                target = built.root / os.path.normpath(os.path.join(here, words[-1])).lstrip("/")
                for source in words[:-1]:
                    _copy(whence / source.lstrip("/"), target, into=words[-1].endswith("/"))
            case "RUN":
                _run(built.root, here, rest)
            case "USER":
                built.user = rest
            case "ENV":
                name, _, value = rest.partition("=")
                built.variables[name] = value
            case "ENTRYPOINT":
                built.entrypoint = json.loads(rest)
            case _:
                raise ValueError(f"{word} is an instruction that this program does not know")
    (folder / "image.json").write_text(json.dumps({"user": built.user, "variables": built.variables, "entrypoint": built.entrypoint}))
    return built


def load(folder: Path) -> Built:
    """An image that `follow` has made."""
    return Built(folder / "image", **json.loads((folder / "image.json").read_text()))


def _as_python_image(root: Path) -> None:
    """`python` is where the official image has it; and how this machine reaches the network."""
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for file in ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf"):
        if Path(file).exists():
            shutil.copy(file, root / file.lstrip("/"))


def _copy(source: Path, target: Path, *, into: bool) -> None:
    """As COPY does: of a folder what is in it, and links as they are. into: the target is a folder."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        return
    target = target / source.name if into else target
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _run(root: Path, here: str, command: str) -> None:
    around = {name: value for name, value in os.environ.items() if name.startswith("PIP_") and name != "PIP_FIND_LINKS"}
    around |= {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
    steps = (
        f"mount -t proc proc {_q(root)}/proc\nmount --bind /dev {_q(root)}/dev\nexec chroot {_q(root)} sh -ec {_q(f'cd {here}; {command}')}"
    )
    subprocess.run(["unshare", "--mount", "sh", "-ec", steps], check=True, env=around)


def _q(value: object) -> str:
    return shlex.quote(str(value))


if __name__ == "__main__":
    follow(Path(sys.argv[1]), Path(sys.argv[2]))
