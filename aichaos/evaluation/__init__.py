"""A suite of questions put to a backend, and how good its answers are.

The questions are data (`suite.yaml`); the clusters are the bundled ones and larger ones that are grown from them; scoring looks at the
experiments alone, so every backend and every version of a prompt is measured by the same rule.
"""
