"""Add the constraints of the revision before, and the indexes they need, while everybody works on.

Each statement is a transaction of its own: none holds a lock for long, and a run that was cut off starts over.
"""

from alembic import op

revision = "0003_prove_the_constraints"
down_revision = "0002_complete_the_rulebook"
branch_labels = None
depends_on = None

CODES = (
    "decision_to_relay withdrawal_to_relay promised_update_due competing_deadline candidate_enquiry_open "
    "debrief_due feedback_to_relay job_change_to_relay slip_to_relay client_response_due timescale_missing "
    "next_step_missing move_on_suggested statutory_notice_due candidate_unresponsive hold_review "
    "courtesy_update_due thank_you_due touch_base_due preference_review"
)

CHECKS = {
    ("reasons", "code"): CODES,
    ("snoozes", "code"): CODES,
    ("jobs", "state"): "open reduced on_hold eliminated filled",
    ("contacts", "answer"): "still_in out thinking",
}

REFERENCES = {
    ("applications", "withdrawn_by"): "contacts",
    ("debriefs", "supersedes"): "debriefs",
    ("feedback", "supersedes"): "feedback",
    ("timescales", "supersedes"): "timescales",
    ("relays", "job_change_id"): "job_changes",
}

KEYS = {
    "debriefs": ["supersedes"],
    "feedback": ["supersedes"],
    "timescales": ["supersedes"],
    "relays": ["contact_id", "job_change_id"],
}


def upgrade() -> None:
    """Go forward."""
    with op.get_context().autocommit_block():
        for table, name, rule in constraints():
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
            op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule} NOT VALID")
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        for table, name, columns in keys():
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} (agency_id, {columns})")
            op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}")


def constraints() -> list[tuple[str, str, str]]:
    """Table, name and rule of each check and each reference."""
    checks = [
        (table, f"{table}_{column}_check", f"CHECK ({column} IN ({', '.join(map(repr, words.split()))}))")
        for (table, column), words in CHECKS.items()
    ]
    one_news = "CHECK (num_nonnulls(feedback_id, job_change_id) = 1)"
    references = [
        (
            table,
            f"{table}_agency_id_{column}_fkey",
            f"FOREIGN KEY (agency_id, {column}) REFERENCES {other} (agency_id, id)",
        )
        for (table, column), other in REFERENCES.items()
    ]
    return [*checks, ("relays", "relays_one_news_check", one_news), *references]


def keys() -> list[tuple[str, str, str]]:
    """Table, name and columns of each unique key, beside the agency."""
    return [
        (table, f"{table}_agency_id_{'_'.join(columns)}_key", ", ".join(columns))
        for table, columns in KEYS.items()
    ]


def downgrade() -> None:
    """Go back."""
    for table, name, _ in [*constraints(), *keys()]:
        op.drop_constraint(name, table)
