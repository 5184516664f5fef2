"""The program as its users run it: whole commands, against the real API server."""
