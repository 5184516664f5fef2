"""Approval, journal, actions and their inverses, guard, watchdog, recovery.

The only room that will ever change a cluster, and it can only do so with an approval of one plan. Nothing runs from here yet: today
aichaos reads clusters and writes files, and no module of it sends anything but GET to an API server.
"""
