"""What the cluster admits and what is wrong all the same: the rules of each family of kinds, and the reasons behind what it refuses.

A rule is a row in `table.py`, a few lines of a function beside the others of its family, and an entry with its why, a failing and a
passing example in `pages/`, from which its documentation and its test are made.
"""
