"""Programs of others that no package registry carries, which you bring along: real ones, against the real API server of the tests."""
