"""`python -m jianbao.cli`."""

from jianbao.cli import main

main()
