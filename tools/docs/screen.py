"""What the program prints on a terminal: as text for a page, and as the picture in the README."""

import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

PICTURED = 'aichaos suggest --from demo:route-chaos --count 1 \\\n    --scenario "test the resiliency of my HTTPRoutes configs"'
COLUMNS = 96


def on_terminal(command: str, folder: Path, *, colour: bool = False) -> str:
    """What a person sees who types a command in a folder: both streams in their order, on a terminal of 96 columns.

    Nobody is there to answer questions, and no setting of this machine's user counts.
    """
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AICHAOS_", "ANTHROPIC_", "OPENAI_", "KUBE"))}
    dropped = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / ".config"), "PATH": path, "TERM": "xterm-256color"}
    environment = {name: value for name, value in mine.items() if name not in dropped} | home | ({} if colour else {"NO_COLOR": "1"})
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    with subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    ) as program:
        os.close(theirs)
        text = b"".join(_pieces(ours))
        os.close(ours)
        program.wait()
    return text.decode().replace("\r\n", "\n")


def _pieces(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other end is closed
            return
        if not piece:
            return
        yield piece


def picture() -> str:
    """The command of the README and its coloured output as an SVG that loads nothing from anywhere."""
    import io

    from rich.console import Console
    from rich.text import Text

    with tempfile.TemporaryDirectory() as folder:
        output = on_terminal(PICTURED, Path(folder), colour=True)
    paper = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True, color_system="standard")
    for line in f"\x1b[1m$ {PICTURED}\x1b[0m\n{output}".rstrip("\n").split("\n"):
        whole = Text.from_ansi(line)
        for piece in whole.divide(range(COLUMNS, len(whole), COLUMNS)):  # a terminal cuts a line where it ends
            paper.print(piece, no_wrap=True, overflow="ignore", crop=False)
    svg = paper.export_svg(title="aichaos suggest", unique_id="aichaos")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.split("\n"))


def console(command: str, folder: Path) -> str:
    return f"```console\n$ {command}\n{on_terminal(command, folder).rstrip()}\n```\n"
