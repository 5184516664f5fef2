"""Where the built programs lie, and whether they are all there. Looks only: it never builds and never uses the network."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import recipe

CRDS_IN_TREE = Path(__file__).parent / "crds"
BUILD_COMMAND = "python -m tests.controlplane.build"

# Programs that a folder in $KUBEBUILDER_ASSETS (what `setup-envtest` prepares) may bring.
ENVTEST_PROGRAMS = ("etcd", "kube-apiserver", "kubectl")


@dataclass(frozen=True)
class Binaries:
    """Everything that was asked for is there: programs by name, folders of files by the name the table gives them."""

    programs: Mapping[str, Path]
    files: Mapping[str, Path]

    def crd_folders(self) -> dict[str, Path]:
        """The sets of CRDs by name: those that were downloaded and those that lie in the tree."""
        sets = {folder.name: folder for folder in sorted(CRDS_IN_TREE.iterdir()) if folder.is_dir()}
        return sets | {name.removeprefix("crds/"): folder for name, folder in self.files.items() if name.startswith("crds/")}


@dataclass(frozen=True)
class Missing:
    """Something that was asked for is not there."""

    reason: str


def root() -> Path:
    """The cache, outside of the tree: it survives a clean checkout and serves all of them."""
    chosen = os.environ.get("AICHAOS_TESTBED")
    if chosen:
        return Path(chosen).absolute()
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches).absolute() / "aichaos" / "testbed"


def folder(part: recipe.Part) -> Path:
    """Where one part lies, in the version that the tree asks for now."""
    return root() / part.digest()


def program(part: recipe.Part, name: str) -> Path:
    """Where one program is, or will be once it is built."""
    given = _from_envtest(name)
    return given or folder(part) / "bin" / name


def is_ours(part: recipe.Part, name: str) -> bool:
    """Whether we build that program; false where $KUBEBUILDER_ASSETS brings it."""
    return program(part, name).is_relative_to(folder(part))


def lacking(part: recipe.Part) -> list[str]:
    """What of a part is not there yet: names of programs and of folders of files."""
    programs = [name for name in part.program_names if not program(part, name).is_file()]
    return programs + [name for name in _file_folders(part) if not (folder(part) / name).is_dir()]


def locate(*names: str) -> Binaries | Missing:
    """The parts with these names, or those of the control plane when none is named."""
    parts = [recipe.part(name) for name in names or recipe.CONTROL_PLANE]
    absent = [part.name for part in parts if lacking(part)]
    if absent:
        return Missing(f"not built: {', '.join(absent)} (once: `{BUILD_COMMAND}`)")
    return Binaries(
        programs={name: program(part, name) for part in parts for name in part.program_names},
        files={name: folder(part) / name for part in parts for name in _file_folders(part)},
    )


def _file_folders(part: recipe.Part) -> list[str]:
    return [name for download in part.downloads for name in download.files]


def _from_envtest(name: str) -> Path | None:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets or name not in ENVTEST_PROGRAMS:
        return None
    found = Path(assets).absolute() / name
    return found if found.is_file() else None
