"""The official conformance suite of the Gateway API, as data: see README.md."""
