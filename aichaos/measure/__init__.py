"""Probes: what an experiment does to the requests of a cluster, its conditions and its metrics, while it runs.

Reads and asks, and changes nothing. Whom a probe may ask is decided in `whom`, and nowhere else.
"""
