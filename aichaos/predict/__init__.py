"""Which backend answers which request, before and after every step of an experiment.

What belongs here: the routing and the policies of a Snapshot, and how a step changes a Snapshot. Everything is a pure function of its
arguments: nothing here reads a cluster, a clock or a file. `routing/` answers requests.
"""
