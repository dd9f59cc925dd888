"""`python -m app` is the `touchbase` command."""

from app.cli import main

main()
