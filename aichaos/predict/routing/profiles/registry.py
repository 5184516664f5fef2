"""All implementations by name, and how a GatewayClass names one."""

from aichaos.errors import UsageError
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.profiles.envoy_gateway import ENVOY_GATEWAY
from aichaos.predict.routing.profiles.istio import ISTIO
from aichaos.predict.routing.profiles.others import OTHERS
from aichaos.predict.routing.profiles.standard import STANDARD

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (STANDARD, CONTOUR, ISTIO, ENVOY_GATEWAY, *OTHERS)}


def by_name(name: str) -> Profile:
    """Raises UsageError, with the known names, for any other."""
    if name not in PROFILES:
        raise UsageError(f"no implementation is called {name!r}", hint=f"The known ones are {', '.join(PROFILES)}.")
    return PROFILES[name]


def by_controller(controller: str) -> Profile:
    """The implementation behind a GatewayClass's controllerName; the standard where it is none that we know."""
    return next((profile for profile in PROFILES.values() if controller in profile.controllers), STANDARD)
