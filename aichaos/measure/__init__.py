"""Probes, load, Prometheus, statistics: what an experiment did to the requests of a cluster. Nothing is measured yet."""
