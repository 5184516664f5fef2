"""The first lines that run. Ctrl-C while the program is still loading must end it as quietly as any other time."""

import gc
import os

_GARBAGE = 100_000
"""Objects between two looks of the garbage collector (Python: 700). What a command loads lives as long as the command."""


def main() -> None:
    try:
        gc.set_threshold(_GARBAGE, 20, 20)
        from aichaos.cli.main import main as run

        run()
    except KeyboardInterrupt:
        os.write(2, b"aichaos: interrupted; nothing was changed in the cluster\n")
        os._exit(130)
