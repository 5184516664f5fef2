"""Small plans for the tests of approvals and of the guard."""

from aichaos.domain.running import LEVER, Plan


def plan(experiment: str = "conflict", digest: str = "sha256:1", cluster: str = "uid-1", lever: str = LEVER) -> Plan:
    return Plan(
        run="conflict-20261125-1",
        experiment=experiment,
        title="Two routes for one host",
        digest=digest,
        cluster=cluster,
        server="https://192.0.2.1",
        steps=(),
        deadline=300.0,
        lever=lever,
    )
