"""The first thing that a test run does: it moves into a network of its own, before any plugin loads what starts threads (numpy)."""

from tests.controlplane.netns import isolate

isolate()  # the fixtures ask again for the reason where it did not work
