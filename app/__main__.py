"""`python -m app` is the `touchbase` command."""

from app.cli import main

if __name__ == "__main__":  # a further process of a service imports this module too
    main()
