"""``python -m parley.cli``: the command without its script."""

from parley.cli import main

main()
