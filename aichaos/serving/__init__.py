"""`aichaos serve`: the runs of this machine in a browser. It reads the state folder; the one thing that it may do is ask a run to stop.

    browser ─► gate (who may ask, and from where) ─► app (routes) ─► shelf (runs, kept while their files stay) ─► pages (HTML)
                                                       └► live (server-sent events: something has changed, ask again)

Everything that is shown is text of strangers: names from clusters, answers of servers, words of models. Templates escape all of it, and the
pages may neither run a script of their own nor load anything from elsewhere.
"""
