"""What every test has: a network of its own, a real API server for those that ask, and the program as a process."""

from hypothesis import settings

pytest_plugins = ["tests.controlplane.plugin", "tests.program"]

settings.register_profile("busy", deadline=None)
"""How long one example takes says how busy the machine is, and nothing of the program: what has to be quick has a test of its own."""
settings.load_profile("busy")
