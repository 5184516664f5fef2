"""Questions to a backend and what becomes of its answers.

What lives here: the protocol that backends keep, the words of the user, the prompt, the parsing of whatever text comes back.
What may not: an SDK (those are in `backends/`), a cluster, a decision about what may be run.
"""
