"""What every test has: a network of its own, a real API server for those that ask, and the program as a process."""

import os

from hypothesis import settings

pytest_plugins = ["tests.controlplane.plugin", "tests.program"]

# How long one example takes says how busy the machine is, and nothing of the program: what has to be quick has a test of its own.
settings.register_profile("the same each time", deadline=None, derandomize=True)
settings.register_profile("others each time", deadline=None, derandomize=False)
settings.load_profile("others each time" if os.environ.get("AICHAOS_EXPLORE") else "the same each time")
