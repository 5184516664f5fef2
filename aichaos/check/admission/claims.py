"""Resources of a whole pod, and its claims of devices (validatePodResourceClaims of k8s.io/kubernetes, v1.35)."""

from aichaos.check.admission import names
from aichaos.check.admission.quantities import amount_in, resources
from aichaos.check.admission.spot import Problems, Spot

_OF_PODS = ("cpu", "memory")


def claims_of(pod: Spot) -> set[str]:
    """The names of a pod's claims."""
    return {claim["name"].text for claim in pod["resourceClaims"].each()}


def pod_claims(pod: Spot) -> Problems:
    taken: set[str] = set()
    for claim in pod["resourceClaims"].each():
        name, own, template = claim["name"], claim["resourceClaimName"], claim["resourceClaimTemplateName"]
        if not name.text:
            yield name.required()
        elif name.text in taken:
            yield name.duplicate(f"the claim {name.text}")
        elif problem := names.label(name.text):
            yield name.invalid(problem)
        taken.add(name.text)
        if bool(own) == bool(template):
            yield claim.invalid("it takes one of resourceClaimName, resourceClaimTemplateName")
        for one in (own, template):
            if one and (problem := names.subdomain(one.text)):
                yield one.invalid(problem)


def used_claims(claims: Spot, known: set[str]) -> Problems:
    """The claims that a container uses are those of its pod."""
    taken: set[str] = set()
    for claim in claims.each():
        name, request = claim["name"], claim["request"]
        if not name.text:
            yield name.required()
            continue
        if name.text not in known:
            yield name.invalid("the pod has no resourceClaim of that name")
        if request.text and (problem := names.label(request.text)):
            yield request.invalid(problem)
        key = f"{name.text}/{request.text}" if request.text else name.text
        whole = name.text in taken or (not request.text and any(other.startswith(f"{name.text}/") for other in taken))
        if key in taken or whole:
            yield claim.duplicate(f"the claim {key}")
        taken.add(key)


def pod_resources(pod: Spot) -> Problems:
    """What all containers of a pod share."""
    spot = pod["resources"]
    if not spot:
        return
    if spot["claims"]:
        yield spot["claims"].forbidden("claims belong to a container")
    yield from resources(spot)
    for side in ("limits", "requests"):
        for key, value in spot[side].pairs():
            if key not in _OF_PODS and not key.startswith("hugepages-"):
                yield value.unsupported(_OF_PODS)
    for key, value in spot["requests"].pairs():
        asked = [amount_in(container["resources"]["requests"], key) for container in pod["containers"].each()]
        total, much = sum(each for each in asked if each is not None), amount_in(spot["requests"], key)
        if much is not None and total > much:
            yield value.invalid("the containers ask for more, all together")
    for container in pod["containers"].each():
        for key, value in container["resources"]["limits"].pairs():
            most, much = amount_in(spot["limits"], key), amount_in(container["resources"]["limits"], key)
            if most is not None and much is not None and much > most:
                yield value.invalid("it is more than the limit of the pod")
