"""check against the real API server: mutated manifests, the projects' own examples, and the mistakes that only we catch.

`families/` holds valid documents, `mutate.py` and `invent.py` make them wrong, `server.py` asks the server, `compare.py` asks both,
`report.py` writes docs/agreement.md (`make agreement`), `rows.yaml` lists what the server admits and should not be let pass.
"""
