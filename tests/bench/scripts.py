"""Scripts for pgbench, made of what the service itself sends for a request.

The statements are those of the recording. What it named is drawn anew: the ids of the place become those of another,
which the script asks PostgreSQL to spell before it begins (pgbench cannot). All other parameters stay as they were,
with these exceptions, which two recordings of the same writing request show by their difference: ids that are new
each time become numbers that rise as UUIDv7 do, and whole numbers that are counted become numbers not used yet.
`SET LOCAL` takes no parameter, so `set_config` stands for it. Instants and texts that differ stay those of the first
recording.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.data import Place
from tests.bench.desks import digits
from tests.bench.wire import INTEGERS, Recording

_PARAMETER = re.compile(r"\$(\d+)")
_VARIABLE = re.compile(r"(?<![:\w]):\w")  # what pgbench would take for one of its own
_UUID = re.compile(r"[0-9a-f-]{36}")
_ENTER = re.compile(r"SET LOCAL app\.agency_id = '([0-9a-f-]{36})'", re.IGNORECASE)

HOME, OWN = "\x01", "\x02"  # stand in a text for the digits of the agency, and of the copy

# Of a new id the milliseconds come first, then the client, then its number in the transaction.
_NEW_ID = "rpad(lpad(to_hex(:new_id::bigint + {}), 16, '0'), 32, '0')::uuid"
_COUNTED = "(:counted::integer + {})"

_DRAW = """\\set n :n + 1
\\set n_{name} :n_{name} + 1
\\set new_id (:begun_ms + :n) * 65536 + :client_id * 128
\\set counted :counted_from + (:client_id * 20000 + :n) * 16
\\if :n_{name} % :every = 0
\\set home random(0, :agencies - 1) * 4294967296
\\set own :home + random(0, :copies - 1)
SELECT {drawn}
FROM (SELECT lpad(to_hex(:home::bigint), 12, '0') AS home, lpad(to_hex(:own::bigint), 12, '0') AS own) AS digits
\\gset
\\endif
"""


class RecordingsDifferError(Exception):
    """Two recordings of a writing request do not run the same statements."""


@dataclass
class Script:
    """One transaction for pgbench: its text, the variables that it begins with, and those it draws, by their SQL."""

    name: str
    text: str = ""
    constants: dict[str, str] = field(default_factory=dict)
    drawn: dict[str, str] = field(default_factory=dict)


def reading(name: str, place: Place, recording: Recording) -> Script:
    """A script that does what one request did, about another place each time it draws one."""
    return _Writer(name, place, [], {}).script(recording, recording)


def writing(name: str, place: Place, first: Recording, again: Recording) -> Script:
    """The same for a request that writes. Raises RecordingsDifferError."""
    if [each.sql for each in first.statements] != [each.sql for each in again.statements]:
        raise RecordingsDifferError
    counted = sorted({number for number, later in _numbers(first, again) if number != later})
    return _Writer(name, place, counted, {}).script(first, again)


def _numbers(first: Recording, again: Recording) -> list[tuple[int, int]]:
    """The whole numbers that stand in the same place of two recordings."""
    return [
        (int(one), int(other))
        for a, b in zip(first.statements, again.statements, strict=True)
        for one, other, kind in zip(a.parameters, b.parameters, a.types, strict=True)
        if kind in INTEGERS and one is not None and other is not None
    ]


@dataclass
class _Writer:
    """Writes one script; `counted` are the numbers that are counted, `new` the ids that are new, by their order."""

    name: str
    place: Place
    counted: Sequence[int]
    new: dict[str, int]

    def script(self, first: Recording, again: Recording) -> Script:
        script = Script(self.name)
        lines = []
        for number, (statement, other) in enumerate(zip(first.statements, again.statements, strict=True)):
            sql, parameters, later = statement.sql.strip().rstrip(";"), statement.parameters, other.parameters
            if found := _ENTER.fullmatch(sql):
                sql, parameters, later = (
                    "SELECT set_config('app.agency_id', $1, true)",
                    (found[1],),
                    (found[1],),
                )
            types = statement.types or (0,) * len(parameters)
            if _VARIABLE.search(sql):
                raise ValueError(f"pgbench would read a variable in: {sql}")
            words = [
                self._word(script, f"{self.name}_{number}_{position}", *each)
                for position, each in enumerate(zip(parameters, later, types, strict=True))
            ]
            lines.append(_filled(sql, words))
        drawn = ", ".join(f"{expression} AS {name}" for expression, name in script.drawn.items())
        body = "".join(f"{line};\n" for line in lines)
        script.text = f"{_DRAW.format(name=self.name, drawn=drawn)}\\startpipeline\n{body}\\endpipeline\n"
        return script

    def _word(self, script: Script, variable: str, value: str | None, later: str | None, kind: int) -> str:
        """What stands for a parameter in the statement."""
        if value is None:
            return ":null"  # no variable of that name: pgbench sends NULL
        marked = self._marked(value)
        if marked != value:
            variable = script.drawn.setdefault(_spelt(marked), variable)
        elif kind in INTEGERS and value != later:
            return _COUNTED.format(self.counted.index(int(value)))
        elif value != later and _UUID.fullmatch(value):
            return _NEW_ID.format(self.new.setdefault(value, len(self.new)))
        else:
            script.constants[variable] = value
        return f":{variable}"

    def _marked(self, value: str) -> str:
        """A text with marks for the digits of the place."""
        home = str(self.place.agency_id)
        own = "-" + digits(self.place.agency, self.place.copy)
        return value.replace(home, home[:-12] + HOME).replace(own, "-" + OWN)


def _filled(sql: str, words: Sequence[str]) -> str:
    """A statement with words in place of its parameters."""
    return _PARAMETER.sub(lambda found: words[int(found[1]) - 1], sql)


def _spelt(marked: str) -> str:
    """The SQL that spells a marked text for a place."""
    columns = {HOME: "home", OWN: "own"}
    parts = re.split(f"([{HOME}{OWN}])", marked)
    return " || ".join(columns.get(part) or "'" + part.replace("'", "''") + "'" for part in parts if part)
