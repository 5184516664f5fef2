"""Every error that aichaos raises on purpose, and the exit code each one means.

    AichaosError                 1   something failed
    ├── UsageError               2   wrong use: an argument or a setting that can't be meant
    ├── SourceError              1   the cluster could not be observed
    │   ├── NoClusterError           no kubeconfig, no such context
    │   ├── UnreachableError         nobody answers, or not to us: network, certificate
    │   ├── UnauthorizedError        the server knows us not (any more)
    │   └── ServerError              the server answered with something that can't be used
    ├── FileError                1   a file can't be read or written
    │   ├── SyntaxProblem            … because of what stands in it, at a line and a column
    │   └── TooLargeError            … because of its size
    ├── RefusedError             5   the guard does not let a run start
    └── BackendError             6   the model's backend failed
        ├── UnknownBackendError      no backend of that name
        ├── MissingKeyError          a backend that needs a key has none
        ├── PromptTooLongError       the model takes no prompt of that length
        └── ReplyError               it answered, and the answer can't be used

Ctrl-C is no error: `entry.py` ends the program with 130.

Every error carries a `hint`: what the user can do next. Errors of libraries are translated where they cross our border (`cluster/`,
`backends/`, `files/`) and nowhere else.
"""

from typing import ClassVar


class AichaosError(Exception):
    """Something failed; `str(error)` is one line for people, `hint` what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(AichaosError):
    exit_code = 2


class SourceError(AichaosError):
    pass


class NoClusterError(SourceError):
    pass


class UnreachableError(SourceError):
    pass


class UnauthorizedError(SourceError):
    pass


class ServerError(SourceError):
    pass


class FileError(AichaosError):
    pass


class SyntaxProblem(FileError):
    """Text that is not YAML or JSON; `line` and `column` count from 1."""

    def __init__(self, problem: str, *, file: str, line: int, column: int, hint: str = "") -> None:
        super().__init__(f"{file}:{line}:{column}: {problem}", hint=hint)
        self.problem = problem
        self.file = file
        self.line = line
        self.column = column


class TooLargeError(FileError):
    pass


class RefusedError(AichaosError):
    exit_code = 5


class BackendError(AichaosError):
    exit_code = 6


class UnknownBackendError(BackendError):
    exit_code = 2


class MissingKeyError(BackendError):
    pass


class PromptTooLongError(BackendError):
    pass


class ReplyError(BackendError):
    pass
