"""From what was written down to what people read: the results of a run, the debrief of a GameDay, papers about an experiment.

Nothing here asks a cluster or needs the process that ran: the files are all there is, and what they lack is said.
"""
