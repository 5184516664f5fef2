"""Profiles are the standard and their named deviations, and nothing else."""

import msgspec
import pytest

from aichaos.predict.routing.departures import without
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.registry import PROFILES
from aichaos.predict.routing.profiles.standard import STANDARD

_ABOUT_ITSELF = {"name", "controllers", "measured", "deviations", "notes", "extensions"}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_without_its_deviations_a_profile_is_the_standard(profile: Profile) -> None:
    plain = without(profile, *profile.deviations)
    left = [name for name in msgspec.structs.fields(Profile) if name.name not in _ABOUT_ITSELF]
    assert {one.name: getattr(plain, one.name) for one in left} == {one.name: getattr(STANDARD, one.name) for one in left}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_deviation_changes_something(profile: Profile) -> None:
    for one in profile.deviations:
        assert one.name.partition("/")[0] == profile.name
        assert any(getattr(profile, switch) != getattr(STANDARD, switch) for switch in one.switches), one.name
