"""The implementations, one a file: each is the list of its departures from the plain reading of the standard."""
