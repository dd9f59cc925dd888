"""Scenes in which somebody must be asked: the candidate for the debrief, the client for a time or an answer."""

from app.demo.events import (
    Debrief,
    Interview,
    Scene,
    Snooze,
    Timescale,
    Wait,
    asked,
    chaser,
    no_answer,
    note,
    reply,
    talk,
    voicemail,
)
from app.rules.vocabulary import (
    Answer,
    Confidence,
    DebriefSource,
    Impression,
    Outcome,
    ReasonCode,
    Status,
    TimescaleSource,
)

INTERVIEWS_TO_DEBRIEF = (
    Scene(
        "callum", "robots", "fiona", Status.ESCALATED,
        (
            Interview("5d 15:00"),
            voicemail("4d 10:15"),
            Timescale("4d 11:30", "by {day}", "+1d", confidence=Confidence.FIRM),
            no_answer("2d 12:40"),
        ),
    ),
    Scene("callum", "operations", "fiona", Status.DUE, (Interview("2h", "First interview, by video"),)),
    Scene(
        "sofia", "project", "helen", Status.DUE,
        (
            Interview("5d 11:00", minutes=90),
            voicemail("5d 15:30"),
            Timescale("4d 10:00", "by {day}", "+2d"),
            no_answer("4d 12:30"),
            voicemail("2d 11:00"),
        ),
    ),
    Scene(
        "aisling", "editor", "beatrix", Status.WAITING,
        (Interview("1d 11:00"), Timescale("1d 15:00", "by {day}", "+3d"), voicemail("2h")),
    ),
    Scene(
        "zainab", "safety", "helen", Status.ON_TRACK,
        (
            talk("2d 14:10", "Sent the job description and directions to the site."),
            Interview("+2d 11:00"),
        ),
    ),
)  # fmt: skip

TIMESCALES_TO_ASK_FOR = (
    Scene(
        "eleni", "operations", "fiona", Status.DUE,
        (
            Interview("1d 3h", minutes=45),
            Debrief("1d 2h", 7, "The tour of the workshop", source=DebriefSource.SELF_SERVICE),
        ),
    ),
    Scene(
        "rafael", "finance", "oliver", Status.OVERDUE,
        (Interview("3d 14:00"), Debrief("3d 15:30", 8, "A seat at the table with the editors")),
    ),
    Scene(
        "freya", "safety", "helen", Status.ESCALATED,
        (Interview("4d 3h"), Debrief("4d 2h", 6, "A serious budget for training", Impression.MIXED)),
    ),
    Scene(
        "lukas", "platform", "annika", Status.WAITING,
        (
            Interview("2d 11:00", "Technical interview", minutes=90),
            Debrief("2d 12:30", 9, "Honest about their outages", Impression.VERY_POSITIVE),
            Snooze(
                "1d 10:30", ReasonCode.TIMESCALE_MISSING, "+1d 10:00",
                "Annika sees the last candidate today; do not push her",
            ),
        ),
    ),
)  # fmt: skip

ANSWERS_TO_CHASE = (
    Scene(
        "ifeoma", "project", "helen", Status.DUE,
        (
            Interview("4d 16:00", minutes=75),
            Debrief("4d 17:10", 9, "Would build the team from scratch", Impression.VERY_POSITIVE),
            Timescale("3d 11:00", "by {day}", "2d"),
            talk("1d 10:05", "Told her that Helen is a day late."),
        ),
    ),
    Scene(
        "kwame", "project", "helen", Status.OVERDUE,
        (
            Interview("8d 12:00"),
            Debrief("8d 13:15", 8, "The scale of the project"),
            Timescale("7d 10:00", "in two working days"),
            talk("3d 16:20", "Still nothing from Hull; he stays keen.", noted="2d 09:10"),
        ),
    ),
    Scene(
        "eleni", "finance", "oliver", Status.ESCALATED,
        (
            Interview("11d 10:00"),
            Debrief("11d 11:20", 7, "The people she would report to"),
            Timescale("10d 15:00", "by {day}", "8d"),
            chaser("6d 10:00"),
            chaser("4d 15:00", Outcome.LEFT_MESSAGE),
            talk("4d 16:00", "Told her that Oliver does not call back."),
        ),
    ),
    Scene(
        "siobhan", "finance", "oliver", Status.WAITING,
        (
            Interview("5d 11:00"),
            Debrief("5d 12:00", 6, "Flexible hours", Impression.MIXED),
            Timescale("5d 16:00", "by {day}", "2d"),
            talk("1d 12:00", "Knows that the answer is late and that we ask again."),
        ),
    ),
    Scene(
        "freya", "finance", "oliver", Status.WAITING,
        (
            Interview("5d 14:00"),
            Debrief("5d 15:10", 8, "Clear plans for the first year"),
            Timescale("5d 16:00", "by {day}", "2d"),
            talk("1d 11:30"),
            chaser("2h", also=("siobhan-finance",)),
        ),
    ),
    Scene(
        "jamal", "interiors", "grace", Status.OVERDUE,
        (
            Interview("6d 15:30", "Portfolio review"),
            Debrief("6d 17:00", 9, "Their museum projects", Impression.VERY_POSITIVE),
            Timescale("6d 20:00", "by noon on {day}", "4d"),
            talk("2d 15:00", "Toronto is late; he has nothing else on."),
        ),
    ),
    Scene(
        "lukas", "python", "jonas", Status.ON_TRACK,
        (
            Interview("4d 10:00", "Technical interview", minutes=90),
            Debrief("4d 11:45", 7, "Small teams", notes="Would take the platform job first."),
            Timescale("4d 16:00", "by {day}", "1d"),
            talk("1d 17:00", "Jonas is away; we ask on his first day back."),
        ),
    ),
    Scene(
        "marisol", "office", "grace", Status.DUE,
        (
            Interview("2d 16:00"),
            Debrief("2d 17:15", 8, "The studio and its people"),
            Timescale("1d 19:30", "early next week", confidence=Confidence.INDICATIVE),
        ),
    ),
)  # fmt: skip

SILENT_CLIENTS = (
    Scene(
        "leila", "data", "devika", Status.DUE,
        (
            Interview("14d 10:00"),
            Debrief("14d 11:30", 8, "Open source in working hours"),
            Timescale("13d 10:00", "by {day}", "11d"),
            chaser("9d 10:00"),
            chaser("7d 15:00", Outcome.LEFT_MESSAGE),
            talk("6d 10:00"),
            chaser("4d 10:00", Outcome.NO_ANSWER),
        ),
    ),
    Scene(
        "marisol", "interiors", "grace", Status.ESCALATED,
        (
            Interview("30d 15:00", "Portfolio review"),
            Debrief("30d 16:00", 7, "A long contract"),
            Timescale("29d 15:00", "by {day}", "26d"),
            chaser("23d 15:00"),
            note("22d 14:00", "No answer from Toronto yet."),
            chaser("19d 15:00", Outcome.LEFT_MESSAGE),
            talk("18d 14:00", "Starts to lose heart."),
        ),
    ),
    Scene(
        "ben", "operations", "fiona", Status.ON_TRACK,
        (
            Interview("15d 11:00"),
            Debrief("15d 12:00", 9, "Exactly his field", Impression.VERY_POSITIVE),
            Timescale("15d 15:00", "by {day}", "13d"),
            asked("12d 16:30", Answer.STILL_IN, "Three days on site suit him."),
            reply("12d 10:00", "Sorry, not forgotten."),
            chaser("10d 10:00"),
            chaser("7d 10:00"),
            chaser("4d 10:00", Outcome.LEFT_MESSAGE),
            talk("3d 12:20", "His favourite; he is glad to wait some days more."),
            Wait("3d 12:25", "+3d"),
        ),
    ),
)  # fmt: skip

APPLIED_WITHOUT_US = (
    Scene(
        "gareth", "robots", None, Status.OVERDUE,
        (
            Interview("4d 11:00"),
            Timescale("4d 11:30", "by {day}", "2d", source=TimescaleSource.CANDIDATE),
        ),
    ),
)  # fmt: skip

ASKING = (
    *INTERVIEWS_TO_DEBRIEF,
    *TIMESCALES_TO_ASK_FOR,
    *ANSWERS_TO_CHASE,
    *SILENT_CLIENTS,
    *APPLIED_WITHOUT_US,
)
