"""The Common Expression Language as the Kubernetes API server speaks it: its syntax, its values, its own functions.

Written here because nothing on PyPI has what the server's rules use (quantity, ip, cidr, url, format, semver, optional values, two-variable
macros), keeps a hostile rule within bounds, and is quick enough; docs/dependencies.md has the comparison. The proof is in the tests: the
same expressions are put to the server's own library.
"""
