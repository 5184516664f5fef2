"""What every test has: a network of its own, a real API server for those that ask, and the program as a process."""

from tests.controlplane.netns import isolate

isolate()  # before anything starts a thread; the fixtures ask again for the reason where it did not work

pytest_plugins = ["tests.controlplane.plugin", "tests.program"]
