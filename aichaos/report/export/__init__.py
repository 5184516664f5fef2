"""An experiment in the form of another tool: files that it takes, and what it can't express, said.

One file for each format; `outline.py` is what all of them are made of, `formats.py` lists them.
"""
