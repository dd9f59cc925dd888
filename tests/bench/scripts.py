"""Scripts for pgbench, made of what the service itself sends for a request.

The statements are those of the recording. What they name is drawn anew: the ids of the place become those of another,
which the script asks PostgreSQL to spell before it begins (pgbench cannot). All else stays as it was, with exceptions
that two recordings of the same writing request show by their difference, in a parameter or within its JSON: ids that
are new each time become numbers that rise as UUIDv7 do, and whole numbers that are counted become numbers not used yet.
Instants and texts that differ stay those of the first recording. Ids that stand in a statement become parameters, and
as `SET LOCAL` takes none, `set_config` stands for it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from tests.bench.data import Place
from tests.bench.desks import digits
from tests.bench.wire import INTEGERS, Recording, Statement

_PARAMETER = re.compile(r"\$(\d+)")
_VARIABLE = re.compile(r"(?<![:\w]):\w")  # what pgbench would take for one of its own
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_QUOTED_ID = re.compile(f"'({_ID})'")
_ENTER = re.compile(r"SET LOCAL app\.agency_id = (\$1)", re.IGNORECASE)
# What may differ within a text: an id, a whole number of JSON.
_TOKEN = re.compile(rf"({_ID}|(?<=[\[:,])\d+(?=[\],}}]))")

HOME, OWN = "\x01", "\x02"  # stand in a text for the digits of the agency, and of the copy

# Of a new id the milliseconds come first, then the client, then its number in the transaction.
_NEW_ID = "rpad(lpad(to_hex(:new_id::bigint + {}), 16, '0'), 32, '0')::uuid"
NEW_IDS_END = "-0000-000000000000"
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
    if [_shape(each.sql) for each in first.statements] != [_shape(each.sql) for each in again.statements]:
        raise RecordingsDifferError
    return _Writer(name, place, _counted(first, again), {}).script(first, again)


def _shape(sql: str) -> str:
    return _QUOTED_ID.sub("", sql)


def _counted(first: Recording, again: Recording) -> list[int]:
    """The whole numbers that are others in the second recording."""
    found = set()
    for a, b in zip(first.statements, again.statements, strict=True):
        for one, other, kind in zip(a.parameters, b.parameters, a.types, strict=True):
            if one is None or other is None:
                continue
            pairs = [(one, other)] if kind in INTEGERS else _tokens(one, other)[1::2]
            found |= {int(number) for number, later in pairs if number != later and number.isdigit()}
    return sorted(found)


def _tokens(one: str, other: str) -> list[tuple[str, str]]:
    """The parts of two texts, of which every second may differ. Raises RecordingsDifferError."""
    parts, others = _TOKEN.split(one), _TOKEN.split(other)
    if len(parts) != len(others):
        raise RecordingsDifferError
    return list(zip(parts, others, strict=True))


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
            here, there = _opened(statement), _opened(other)
            if _VARIABLE.search(here.sql):
                raise ValueError(f"pgbench would read a variable in: {here.sql}")
            types = here.types or (0,) * len(here.parameters)
            words = [
                self._word(script, f"{self.name}_{number}_{position}", *each)
                for position, each in enumerate(zip(here.parameters, there.parameters, types, strict=True))
            ]
            lines.append(_filled(here.sql, words))
        drawn = ", ".join(f"{expression} AS {name}" for expression, name in script.drawn.items())
        body = "".join(f"{line};\n" for line in lines)
        script.text = f"{_DRAW.format(name=self.name, drawn=drawn)}\\startpipeline\n{body}\\endpipeline\n"
        return script

    def _word(self, script: Script, variable: str, value: str | None, later: str | None, kind: int) -> str:
        """What stands for a parameter in the statement."""
        if value is None:
            return ":null"  # no variable of that name: pgbench sends NULL
        if kind in INTEGERS and value != later:
            return _COUNTED.format(self.counted.index(int(value)))
        parts = self._parts(value, value if later is None else later)
        if len(parts) == 1:
            return parts[0].sql if isinstance(parts[0], _New) else self._kept(script, variable, parts[0])
        words = [
            f"{part.sql}::text"
            if isinstance(part, _New)
            else self._kept(script, f"{variable}_{n}", part) + "::text"
            for n, part in enumerate(parts)
        ]
        return f"({' || '.join(words)})"

    def _parts(self, value: str, later: str) -> "list[str | _New]":
        """A text as what stays of it, with marks for what is drawn, and what is new in it."""
        parts: list[str | _New] = [""]
        for part, other in _tokens(self._marked(value), self._marked(later)):
            if part != other and part.isdigit():
                parts += [_New(_COUNTED.format(self.counted.index(int(part)))), ""]
            elif part != other and re.fullmatch(_ID, part):
                parts += [_New(_NEW_ID.format(self.new.setdefault(part, len(self.new)))), ""]
            else:
                last = parts.pop()
                assert isinstance(last, str)
                parts.append(last + part)
        return [part for part in parts if part] or [""]

    def _kept(self, script: Script, variable: str, text: str) -> str:
        """A variable that holds a text, from the beginning or from each drawing on."""
        if HOME in text or OWN in text:
            variable = script.drawn.setdefault(_spelt(script, variable, text), variable)
        else:
            script.constants[variable] = text
        return f":{variable}"

    def _marked(self, value: str) -> str:
        """A text with marks for the digits of the place."""
        home = str(self.place.agency_id)
        own = "-" + digits(self.place.agency, self.place.copy)
        return value.replace(home, home[:-12] + HOME).replace(own, "-" + OWN)


@dataclass(frozen=True)
class _New:
    """What is another each time, as SQL."""

    sql: str


def _opened(statement: Statement) -> Statement:
    """A statement with the ids that stand in it as parameters."""
    sql = statement.sql.strip().rstrip(";")
    if statement.parameters:
        return Statement(sql, statement.parameters, statement.types)
    parameters = tuple(_QUOTED_ID.findall(sql))
    numbers = count(1)
    opened = _QUOTED_ID.sub(lambda _found: f"${next(numbers)}", sql)
    return Statement(_ENTER.sub(r"SELECT set_config('app.agency_id', \1, true)", opened), parameters)


def _filled(sql: str, words: Sequence[str]) -> str:
    """A statement with words in place of its parameters."""
    return _PARAMETER.sub(lambda found: words[int(found[1]) - 1], sql)


def _spelt(script: Script, variable: str, marked: str) -> str:
    """The SQL that spells a marked text for a place; pgbench would read variables in it, were it not in one."""
    columns = {HOME: "home", OWN: "own"}
    words: list[str] = []
    for part in filter(None, re.split(f"([{HOME}{OWN}])", marked)):
        if ":" in part:
            name = f"{variable}_k{len(words)}"
            script.constants[name] = part
            words.append(f":{name}::text")
        else:
            quoted = part.replace("'", "''")
            words.append(columns.get(part) or f"'{quoted}'")
    return " || ".join(words)
