"""With ``AICHAOS_REQUIRE_ALL`` set, a session in which anything was skipped fails, and says what and why.

For runs that are to prove something: there "could not check" must not look like "is fine". Expected failures are no skips.
"""

import os
from typing import Any

import pytest

VARIABLE = "AICHAOS_REQUIRE_ALL"
_HANDED_OVER = "aichaos_skipped"


def pytest_configure(config: pytest.Config) -> None:
    """Without the variable nothing happens at all."""
    if os.environ.get(VARIABLE):
        config.pluginmanager.register(_RequireAll(config), "aichaos-require-all")


class _RequireAll:
    """Notes every skip of the session."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self._skipped: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Skips of tests; xdist repeats this hook in the main process."""
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Skips of whole modules; xdist does not repeat this hook."""
        self._note(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker hands over what it has seen; the main process gives the verdict."""
        if self._is_worker:
            self._config.workeroutput[_HANDED_OVER] = self._skipped  # type: ignore[attr-defined]  # xdist's
        elif self._skipped and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """xdist, in the main process: a worker has ended; one that crashed has no output."""
        self._skipped |= getattr(node, "workeroutput", {}).get(_HANDED_OVER, {})

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says what was skipped, and that this is why the session failed."""
        if not self._skipped:
            return
        terminalreporter.section(f"skipped, although {VARIABLE} is set", red=True)
        for name, reason in sorted(self._skipped.items()):
            terminalreporter.line(f"{name}: {reason}", red=True)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped[report.nodeid] = _reason(report)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Pytest keeps a skip as (file, line, reason)."""
    text = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
