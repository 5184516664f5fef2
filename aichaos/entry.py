"""The first lines that run. Ctrl-C ends the program at once, at whatever moment it comes.

Not by an exception: one that is raised inside a callback of the interpreter (an import lock, a destructor) is swallowed there. Nothing
that runs under this handler has changed a cluster; what does will bring its own.
"""

import gc
import os
import signal
import sys
from types import FrameType

_GARBAGE = 100_000
"""Objects between two looks of the garbage collector (Python: 700). What a command loads lives as long as the command."""


def main() -> None:
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored by who started us, as nohup does
            signal.signal(signal.SIGINT, _interrupted)
        gc.set_threshold(_GARBAGE, 20, 20)
        from aichaos.cli.main import main as run

        run()
    except KeyboardInterrupt:
        _leave()


def _interrupted(number: int, frame: FrameType | None) -> None:
    _leave()


def _leave() -> None:
    save = sys.modules.get("aichaos.files.save")
    if save is not None:
        save.abandon()
    meter = sys.modules.get("aichaos.ask.meter")
    spent = meter.METER.spent() if meter is not None else ""
    begin = "\n" if os.isatty(2) else ""  # the terminal has written ^C, perhaps behind a question
    os.write(2, f"{begin}aichaos: interrupted; {f'{spent}; ' if spent else ''}nothing was changed in the cluster\n".encode())
    os._exit(130)
