"""The Snapshot after each step of an experiment, as the API server and the controllers would make it.

    Step ─ server ─► what was written ─ controllers ─► pods and endpoints that follow from it ─► Moment

`draft.py` is the copy that they work on, `server.py` answers writes, `controllers.py` does what the controllers of Kubernetes would,
`moments.py` goes through the steps. Pods that are made are assumed to become ready; their addresses and nodes nobody can know.
"""
