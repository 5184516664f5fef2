"""A real Prometheus that scrapes a real exporter every 200 ms."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from aichaos.measure import prometheus
from tests.controlplane.ports import free_port
from tests.measure.servers import Said, server

RULES = """
groups:
  - name: trial
    interval: 200ms
    rules:
      - {alert: ShopBroken, expr: shop_errors > 5, labels: {severity: page}}
"""


class Real:
    """A Prometheus, and the gauge that it scrapes."""

    def __init__(self, address: str, errors: Gauge) -> None:
        self.address = address
        self.errors = errors

    def wait(self, met: Callable[[], object], what: str) -> None:
        latest = time.monotonic() + 30
        while not met():
            assert time.monotonic() < latest, what
            time.sleep(0.1)

    def value(self, query: str) -> float | None:
        try:
            found = prometheus.instant(self.address, query, 5.0)
        except prometheus.Unanswered:
            return None
        return found[0].points[-1][1] if found and found[0].points else None


@contextmanager
def running(folder: Path, more: Mapping[str, float] | None = None) -> Iterator[Real]:
    """One that keeps what it has in a folder; the test is skipped where there is none. more: further metrics, and what each says."""
    program = os.environ.get("AICHAOS_PROMETHEUS") or shutil.which("prometheus")
    if program is None:
        pytest.skip("there is no prometheus on this machine: install Debian's package, or name the program in AICHAOS_PROMETHEUS")
    registry = CollectorRegistry()
    errors = Gauge("shop_errors", "how many", registry=registry)
    for name, value in (more or {}).items():
        Gauge(name, "of the test", registry=registry).set(value)
    Gauge("shop_nothing", "no number", registry=registry).set(float("nan"))
    with server(lambda path: Said(200, generate_latest(registry).decode())) as exporter:
        (folder / "rules.yaml").write_text(RULES)
        (folder / "prometheus.yaml").write_text(
            "global: {scrape_interval: 200ms, evaluation_interval: 200ms}\n"
            f"rule_files: [{folder / 'rules.yaml'}]\n"
            f"scrape_configs: [{{job_name: shop, static_configs: [{{targets: ['{exporter.host}:{exporter.port}']}}]}}]\n"
        )
        port = free_port()
        words = [
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (folder / "log").open("wb") as log, subprocess.Popen([program, *words], stdout=log, stderr=log) as process:
            found = Real(f"http://127.0.0.1:{port}", errors)
            try:
                found.wait(lambda: found.value("shop_errors") is not None, f"prometheus to scrape: {folder / 'log'}")
                yield found
            finally:
                process.terminate()
