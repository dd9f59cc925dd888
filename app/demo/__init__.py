"""The demo: a believable agency, so that the due list is worth looking at in the first minute.

`people`, `circumstances` and `scenes` are plain data, `moments` turns their words for time into instants, `loader`
plays them.
"""

from app.demo.loader import load

__all__ = ["load"]
