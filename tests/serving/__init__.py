"""The dashboard as a process, asked by a client, by somebody who means harm, and by a real browser."""
