"""`python -m aichaos`."""

from aichaos.entry import main

main()
