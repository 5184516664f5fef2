"""What every test has: a network of its own, a real API server for those that ask, and the program as a process."""

pytest_plugins = ["tests.controlplane.plugin", "tests.program"]
