"""The Gateway API standard, v1.6, read plainly: every switch at its default."""

from aichaos.predict.routing.profile import Profile

STANDARD = Profile(name="standard")
