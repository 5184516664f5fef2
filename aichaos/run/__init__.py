"""Approval, plan, guard, journal, actions and their inverses, watchdog, recovery.

The only room that changes a cluster, and it can only do so with an approval of one plan. Of its modules, `journal` keeps on disk what is
about to be sent, `inverses` says what is left to do to bring everything back (a pure function of the journal and of what is there now),
`restore` does it, and `lease` says who may write.
"""
