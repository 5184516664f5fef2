"""Does this make sense, here? Documents and experiments become Findings.

Everything in this folder is a pure function of its arguments: text and a topology in, findings out. Nothing is sent, nothing is run,
and whatever stands in a document, the answer is a finding and never an exception.
"""
