"""A series that has lent its Lease to a run, which has not begun: `python -m tests.run.lender KUBECONFIG LEASE` says so, and waits."""

import sys
import time

from aichaos.cluster.connection import connect
from aichaos.domain.running import Access, Plan
from aichaos.live.planning import identity
from aichaos.run import approve
from aichaos.run.hold import writing
from aichaos.run.series import Start, holding
from aichaos.run.stops import Stops


def main(kubeconfig: str, where: str) -> None:
    lever = f"{where.partition('/')[0]}/lever"
    with connect(kubeconfig=kubeconfig, context=None) as connection:
        plan = Plan(
            run="day-1",
            experiment="day",
            title="A day",
            digest="sha256:1",
            cluster=identity(connection),
            server=connection.server,
            steps=(),
            deadline=60.0,
            lever=lever,
        )
        start = Start(plan=plan, access=Access(kubeconfig=kubeconfig), lease=where)
        with holding(start, writing(connection, approve.in_person(plan, "yes")), Stops()) as series:
            series.lend("part-1")
            print("lent", flush=True)
            time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:3])
