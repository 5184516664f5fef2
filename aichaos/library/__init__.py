"""Scenarios as data: parameterised experiments, each with what a cluster must have for it to make sense.

One more scenario is one more file in `scenarios/`; a precondition that no finder knows yet is one more function in `finders/`.
"""
