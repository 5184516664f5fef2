"""Which backend answers which request, before and after every step of an experiment.

What belongs here: the routing (`routing/`) and the policies of a Snapshot, how a step changes a Snapshot (`evolve/`), what undoes it
(`inverse.py`), and all of it together (`predict.py`). Everything is a pure function of its arguments: nothing here reads a cluster, a clock
or a file.
"""
