"""What meets a live cluster and may change it: a plan, a run, several in order, a GameDay, growing stages, and asking a run to stop.

The rooms meet here as they do in `pipeline.py`: `planning` ends at the question, `running` begins after it, and all the others go through
these two. Only `run/` writes.
"""
