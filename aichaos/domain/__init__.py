"""The words of the field as plain data: what a cluster is made of, what an experiment says, what a check found.

Frozen msgspec Structs and closed sets. Nothing here reads, sends or prints anything, and nothing of ours is imported.
"""
