"""aichaos: ask for chaos in words, get an experiment that was checked against your own cluster.

Data flows one way: observe, ask, check, predict, run, measure, report. The whole story is in `pipeline.py`.
"""

__version__ = "0.1.0"
