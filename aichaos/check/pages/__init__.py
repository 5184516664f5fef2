"""The page of every rule: why it is there, a failing and a passing example. Data beside the rules; documentation and tests are made of it.

Nothing here is read when the program checks.
"""
