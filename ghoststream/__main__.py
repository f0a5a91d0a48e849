"""`python -m ghoststream`."""

from ghoststream.cli import main

main()
