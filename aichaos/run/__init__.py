"""Approval, plan, guard, journal, actions and their inverses, watchdog, recovery.

The only room that changes a cluster, and it can only do so with an approval of one plan.
"""
