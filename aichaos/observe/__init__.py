"""From a cluster, a file, a folder, a saved snapshot or a demo to one `Snapshot`; and from a Snapshot to its topology.

What lives here only looks. Nothing in this room changes a cluster, talks to a model or judges.
"""
