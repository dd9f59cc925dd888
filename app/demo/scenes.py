"""The forty applications of the demo and what has happened to each, by what they show.

`status` is what a scene shows when the demo is loaded, and a test holds it to that. Outside working hours one
scene differs, as it should: the word promised for today is not due yet, or overdue by the evening.
"""

from app.demo.asking import ASKING
from app.demo.telling import TELLING

SCENES = (*ASKING, *TELLING)
