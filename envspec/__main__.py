"""`python -m envspec`."""

from envspec.cli import main

main()
