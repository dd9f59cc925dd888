"""Scenes in which somebody must be told: a decision, a word in between, what was promised, a withdrawal."""

from app.demo.events import (
    Closing,
    Debrief,
    Feedback,
    Interview,
    Rival,
    Scene,
    Timescale,
    Void,
    Withdrawal,
    client_told,
    enquiry,
    talk,
    told,
    voicemail,
)
from app.rules.vocabulary import (
    Confidence,
    Decision,
    Impression,
    ProcessStage,
    Status,
    TimescaleSource,
)

DECISIONS_TO_TELL = (
    Scene(
        "zainab", "data", "devika", Status.DUE,
        (
            Interview("9d 11:00"),
            Debrief("9d 12:00", 8, "Modern tools, no firefighting"),
            Feedback("7d 15:00", Decision.NEXT_STAGE, "Best of the four we saw. Bring her back."),
            told("7d 15:40"),
            Interview("3d 15:00", "Final interview", minutes=90),
            Debrief("3d 16:50", 9, "Devika as a manager", Impression.VERY_POSITIVE),
            Timescale("3d 17:10", "by {day}", "+1d", confidence=Confidence.FIRM),
            Feedback("1h", Decision.OFFER, "We would love her to join: 78,000 and a start next month."),
        ),
    ),
    Scene(
        "meiling", "finance", "oliver", Status.OVERDUE,
        (
            Interview("6d 10:00", "Final interview"),
            Debrief("6d 11:00", 9, "The chance to lead", Impression.VERY_POSITIVE),
            Timescale("5d 10:00", "in a fortnight", confidence=Confidence.GUESS),
            talk("2d 11:15"),
            Feedback("5h", Decision.OFFER, "Good news sooner than I thought. The letter follows tonight."),
        ),
    ),
    Scene(
        "hannah", "python", "annika", Status.OVERDUE,
        (
            Interview("7d 13:00"),
            Debrief("7d 14:30", 8, "Pairing for an hour"),
            Timescale("7d 16:00", "within three working days"),
            Feedback("5d 15:00", Decision.NEXT_STAGE, "Jonas wants to meet her. Could she do a test first?"),
            told("5d 15:30"),
            talk("2d 16:30", "Annika names no day as long as Jonas is away."),
        ),
    ),
    Scene(
        "chloe", "editor", "beatrix", Status.DUE,
        (
            Interview("4d 15:00"),
            Debrief("4d 16:15", 7, "The backlist"),
            Timescale("4d 17:00", "in a week"),
            Feedback("2h", Decision.NEXT_STAGE, "Lovely. Would she come in for a trial day?"),
        ),
    ),
    Scene(
        "nadia", "editor", "beatrix", Status.DUE,
        (
            Interview("3d 11:00"),
            Debrief("3d 12:00", 6, "The backlist", Impression.MIXED),
            Timescale("3d 15:00", "in a week"),
            Feedback("3h", Decision.REJECT, "Good, but we need more experience with print."),
        ),
    ),
    Scene(
        "gareth", "operations", "fiona", Status.ESCALATED,
        (
            Interview("6d 14:00"),
            Debrief("6d 15:15", 8, "A short way to work"),
            Timescale("5d 10:00", "by {day}", "3d"),
            Feedback("3d 10:00", Decision.ROLE_FILLED_INTERNALLY, "Someone from the warehouse got the job."),
            Closing("3d 10:10"),
            voicemail("2d 11:00"),
        ),
    ),
    Scene(
        "andrei", "platform", "annika", Status.ON_TRACK,
        (
            Interview("5d 11:00", "Final interview"),
            Debrief("5d 12:00", 8, "Works from anywhere"),
            Timescale("5d 15:00", "in a week"),
            Feedback(
                "1d 10:00", Decision.OFFER, "Yes, but not a word until the budget is signed.",
                embargo="+2d 10:00",
            ),
            talk("1d 16:00", "Checking in; nothing to tell yet."),
        ),
    ),
    Scene(
        "tomasz", "safety", "helen", Status.CLOSED,
        (
            Interview("11d 13:00"),
            Debrief("11d 14:00", 5, "The pay", Impression.MIXED),
            Timescale("11d 16:00", "in a week"),
            Feedback("7d 10:00", Decision.REJECT, "Others had worked offshore already."),
            told("7d 11:00", "Took it well. Asks for jobs closer to Leeds."),
            Closing("7d 11:15"),
        ),
    ),
)  # fmt: skip

WORDS_TO_PASS_ON = (
    Scene(
        "ifeoma", "success", "annika", Status.DUE,
        (
            Interview("3d 10:00"),
            Debrief("3d 11:15", 7, "The product"),
            Feedback("6h", Decision.UNDECIDED, "She came across very well. Two more to see."),
            Timescale("6h", "by the end of next week"),
        ),
    ),
    Scene(
        "kwame", "robots", "fiona", Status.OVERDUE,
        (
            Interview("4d 12:00", minutes=90),
            Debrief("4d 14:00", 9, "Hands on from the first day"),
            Feedback("2d 12:00", Decision.UNDECIDED, "Strong on the bench test, less so on paperwork."),
            Timescale("2d 12:00", "after the panel on {day}", "+2d"),
        ),
    ),
    Scene(
        "hannah", "success", "annika", Status.OVERDUE,
        (
            Interview("7d 11:00"),
            Debrief("6d 10:00", 6, "Her own accounts", Impression.MIXED),
            Timescale("6d 11:00", "by {day}", "3d"),
            Timescale("2d 10:00", "by {day}", "+3d"),
            talk("2d 15:00", "Knows that it takes until next week."),
            Void("2d 15:40", "That was another Hannah"),
        ),
    ),
    Scene(
        "sofia", "safety", "helen", Status.ESCALATED,
        (
            Interview("18d 10:00"),
            Debrief("18d 11:00", 8, "Sees the whole site"),
            Timescale("17d 10:00", "will let you know"),
            Feedback(
                "14d 15:00", Decision.ROLE_ON_HOLD, "Headcount is frozen for some weeks.",
                hold_until="1d",
            ),
            told("14d 16:00"),
        ),
    ),
    Scene(
        "arjun", "platform", "annika", Status.PAUSED,
        (
            Interview("3d 11:00"),
            Debrief("3d 12:10", 8, "The architecture"),
            Feedback("1d 4h", Decision.UNDECIDED, "Good. Jonas reads his code when he is back."),
            Timescale("1d 4h", "by the end of next week"),
        ),
    ),
)  # fmt: skip

PROMISES_AND_QUESTIONS = (
    Scene(
        "ben", "project", "helen", Status.OVERDUE,
        (
            Interview("4d 14:00"),
            Debrief("4d 15:00", 7, "The responsibility"),
            Timescale("3d 10:00", "in a fortnight"),
            talk("3d 12:00", "Worried about the drive. I ask about the lodging.", promise="1d"),
        ),
    ),
    Scene(
        "yuki", "robots", "fiona", Status.DUE,
        (
            Interview("3d 12:00"),
            Debrief("3d 13:00", 8, "The robots, of course"),
            Timescale("3d 16:00", "in a week"),
            talk("2d 10:20", "Wants to know about the van.", promise="0d"),
        ),
    ),
    Scene(
        "rafael", "success", "annika", Status.OVERDUE,
        (
            Interview("4d 10:00"),
            Debrief(
                "4d 11:10", 9, "Speaks with customers all day",
                rival=Rival("A payments company", ProcessStage.OFFER, "+1d", share_with_client=True),
            ),
            Timescale("4d 11:10", "in a fortnight", source=TimescaleSource.CANDIDATE),
            enquiry("1d 3h", "Another company wants my answer soon. Any news from Berlin?"),
        ),
    ),
)  # fmt: skip

WITHDRAWALS = (
    Scene(
        "ben", "data", "devika", Status.DUE,
        (
            Interview("6d 15:00"),
            Debrief("6d 16:00", 4, "Little", Impression.NEGATIVE),
            Timescale("5d 10:00", "in a fortnight"),
            talk("2h", "Too far from what he does."),
            Withdrawal("2h"),
        ),
    ),
    Scene(
        "nadia", "data", "devika", Status.OVERDUE,
        (
            Interview("5d 12:00"),
            Debrief("5d 13:00", 5, "Friendly people", Impression.MIXED),
            Timescale("5d 16:00", "in a fortnight"),
            talk("6h", "Prefers to stay in publishing."),
            Withdrawal("6h"),
        ),
    ),
    Scene(
        "leila", "editor", "beatrix", Status.CLOSED,
        (
            Interview("8d 11:00"),
            Debrief("8d 12:00", 3, "The building", Impression.NEGATIVE),
            Timescale("8d 15:00", "will let you know"),
            Withdrawal("6d 14:00"),
            client_told("6d 15:00", "Beatrix had someone else in mind anyway."),
        ),
    ),
)  # fmt: skip

TELLING = (*DECISIONS_TO_TELL, *WORDS_TO_PASS_ON, *PROMISES_AND_QUESTIONS, *WITHDRAWALS)
