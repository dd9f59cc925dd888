"""Who is in the demo: consultants, clients, their people and jobs, and candidates. All of them are made up.

Addresses end in .example, and the telephone numbers are those set aside for fiction.
"""

from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where somebody is: their zone and their public holidays."""

    timezone: str
    holidays: str


LONDON = Place("Europe/London", "GB-ENG")
EDINBURGH = Place("Europe/London", "GB-SCT")
BERLIN = Place("Europe/Berlin", "DE-BE")
TORONTO = Place("America/Toronto", "CA-ON")


class Consultant(NamedTuple):
    """A consultant of the agency."""

    name: str
    email: str


class ClientContact(NamedTuple):
    """A person at a client."""

    name: str
    client: str
    role: str
    email: str
    phone: str
    place: Place = LONDON


class Job(NamedTuple):
    """A job at a client."""

    title: str
    client: str
    location: str
    salary: dict[str, Any] | None = None
    contract: str | None = None


class Candidate(NamedTuple):
    """A candidate with the key of their owner; when they registered is in the words of `moments`."""

    name: str
    owner: str
    phone: str
    place: Place = LONDON
    seeking: bool = True
    registered: str = "45d 11:00"


def pay(amount: int, currency: str) -> dict[str, Any]:
    """A salary for a year."""
    return {"amount": amount, "currency": currency, "period": "year"}


CONSULTANTS = {
    "amara": Consultant("Amara Okafor", "amara.okafor@agency.example"),
    "tom": Consultant("Tom Lindqvist", "tom.lindqvist@agency.example"),
    "priya": Consultant("Priya Raman", "priya.raman@agency.example"),
}

CLIENTS = {
    "brackwater": "Brackwater Energy",
    "quillmere": "Quillmere Publishing",
    "fernhollow": "Fernhollow Robotics",
    "lindenquell": "Lindenquell Systeme",
    "saltmarsh": "Saltmarsh & Vane Architects",
}

CLIENT_CONTACTS = {
    "helen": ClientContact(
        "Helen Marsh", "brackwater", "Talent Partner", "h.marsh@brackwater.example", "020 7946 0118"
    ),
    "devika": ClientContact(
        "Devika Rao", "brackwater", "Head of Data", "d.rao@brackwater.example", "020 7946 0131"
    ),
    "oliver": ClientContact(
        "Oliver Tennant", "quillmere", "HR Director", "oliver@quillmere.example", "020 7946 0275"
    ),
    "beatrix": ClientContact(
        "Beatrix Lowe", "quillmere", "Managing Editor", "beatrix@quillmere.example", "020 7946 0276"
    ),
    "fiona": ClientContact(
        "Fiona McAllister",
        "fernhollow",
        "Operations Director",
        "fiona.mcallister@fernhollow.example",
        "0131 496 0442",
        EDINBURGH,
    ),
    "annika": ClientContact(
        "Annika Vogel",
        "lindenquell",
        "Head of People",
        "a.vogel@lindenquell.example",
        "+49 30 23125 014",
        BERLIN,
    ),
    "jonas": ClientContact(
        "Jonas Reuter",
        "lindenquell",
        "CTO",
        "j.reuter@lindenquell.example",
        "+49 30 23125 019",
        BERLIN,
    ),
    "grace": ClientContact(
        "Grace Delgado", "saltmarsh", "Studio Director", "gd@saltmarsh.example", "+1 416 555 0147", TORONTO
    ),
}

JOBS = {
    "project": Job("Wind Farm Project Manager", "brackwater", "Hull"),
    "data": Job("Senior Data Engineer", "brackwater", "London, hybrid"),
    "safety": Job("Health and Safety Adviser", "brackwater", "Grimsby"),
    "editor": Job("Production Editor", "quillmere", "London"),
    "finance": Job("Finance Business Partner", "quillmere", "London"),
    "robots": Job("Robotics Field Technician", "fernhollow", "Edinburgh"),
    "operations": Job("Operations Analyst", "fernhollow", "Edinburgh, hybrid"),
    "python": Job("Backend Developer, Python", "lindenquell", "Berlin, remote"),
    "success": Job("Customer Success Lead", "lindenquell", "Berlin"),
    "platform": Job("Platform Engineer", "lindenquell", "Berlin, remote"),
    "interiors": Job("Senior Interior Architect", "saltmarsh", "Toronto"),
    "office": Job("Studio Manager", "saltmarsh", "Toronto", pay(92_000, "CAD"), "full time"),
}

CANDIDATES = {
    "zainab": Candidate("Zainab Yusuf", "amara", "07700 900101"),
    "callum": Candidate("Callum Fraser", "tom", "07700 900102", EDINBURGH),
    "meiling": Candidate("Mei-Ling Chen", "priya", "07700 900103"),
    "ifeoma": Candidate("Ifeoma Nwosu", "amara", "07700 900104"),
    "hannah": Candidate("Hannah Weiss", "priya", "+49 30 23125 051", BERLIN),
    "rafael": Candidate("Rafael Moreira", "tom", "07700 900106"),
    "sofia": Candidate("Sofia Petrova", "amara", "07700 900107"),
    "gareth": Candidate("Gareth Prosser", "tom", "07700 900108", registered="12d 14:00"),
    "nadia": Candidate("Nadia Haddad", "priya", "07700 900109"),
    "lukas": Candidate("Lukas Brandt", "priya", "+49 30 23125 052", BERLIN),
    "aisling": Candidate("Aisling Byrne", "amara", "07700 900111"),
    "kwame": Candidate("Kwame Mensah", "tom", "07700 900112"),
    "eleni": Candidate("Eleni Papadaki", "amara", "07700 900113"),
    "jamal": Candidate("Jamal Carter", "priya", "+1 416 555 0161", TORONTO),
    "yuki": Candidate("Yuki Tanabe", "tom", "07700 900115"),
    "freya": Candidate("Freya Sørensen", "amara", "07700 900116"),
    "arjun": Candidate("Arjun Desai", "priya", "07700 900117"),
    "chloe": Candidate("Chloe Marchetti", "amara", "07700 900118"),
    "tomasz": Candidate("Tomasz Zielinski", "tom", "07700 900119"),
    "leila": Candidate("Leila Rahimi", "amara", "07700 900120"),
    "ben": Candidate("Ben Ashworth", "tom", "07700 900121"),
    "marisol": Candidate("Marisol Vega", "priya", "+1 416 555 0162", TORONTO),
    "siobhan": Candidate("Siobhan Kelly", "tom", "07700 900123"),
    "andrei": Candidate("Andrei Munteanu", "priya", "07700 900124", seeking=False),
    "funmi": Candidate("Funmi Adeyemi", "amara", "07700 900125", registered="21d 10:00"),
}
