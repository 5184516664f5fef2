"""The operating system of a pod: what stands only in one of Linux or of Windows, and containers that are processes of the host."""

from aichaos.check.admission.spot import Problems, Spot

_POD = ("hostPID", "hostIPC", "shareProcessNamespace")
_POD_CONTEXT = (
    *("seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser", "runAsGroup"),
    *("supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy", "appArmorProfile"),
)
_CONTEXT = (
    *("seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation"),
    *("procMount", "runAsUser", "runAsGroup", "appArmorProfile"),
)
"""Fields that Windows does not have, of a pod, of its security context, of that of a container."""


def system(spec: Spot) -> Problems:
    name = spec["os"]["name"]
    if spec["os"] and name.text not in ("linux", "windows"):
        yield name.unsupported(("linux", "windows")) if name.text else name.required("linux or windows")
    every = [container for field in ("containers", "initContainers", "ephemeralContainers") for container in spec[field].each()]
    if name.text == "linux":
        for context in (spec["securityContext"], *(container["securityContext"] for container in every)):
            if context["windowsOptions"]:
                yield context["windowsOptions"].forbidden("os.name is linux")
    elif name.text == "windows":
        yield from _windows(spec, every)
    yield from _host_processes(spec, every)


def _windows(spec: Spot, every: list[Spot]) -> Problems:
    wrong = [spec[field] for field in _POD if spec[field].on]
    wrong += [spec["hostUsers"]] if spec["hostUsers"] else []
    wrong += [spec["securityContext"][field] for field in _POD_CONTEXT]
    wrong += [container["securityContext"][field] for container in every for field in _CONTEXT]
    for one in wrong:
        if one:
            yield one.forbidden("os.name is windows")


def _host_processes(spec: Spot, every: list[Spot]) -> Problems:
    """If one container is a process of the host, all are, and the pod has the host's network."""
    pod = spec["securityContext"]["windowsOptions"]["hostProcess"]
    count = 0
    for container in every:
        own = container["securityContext"]["windowsOptions"]["hostProcess"]
        if own and pod and own.on != pod.on:
            yield own.invalid("the pod says otherwise")
        count += own.on or (not own and pod.on)
    if count and count != len(every):
        yield spec.invalid("if one container is a process of the host (hostProcess), all are")
    if count and not spec["hostNetwork"].on:
        yield spec["hostNetwork"].invalid("with hostProcess containers it must be true")
