"""``python -m sim.cli``: the command without its script."""

from sim.cli import main

main()
