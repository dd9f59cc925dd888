"""Complete the rulebook: pauses, covers, policies, job changes, preferences, voids, corrections, revisions.

Everything here is an addition, so the previous release works on with it. The columns of a pause stay in `candidates`
until that release is gone. What tables that may be large must prove is left to the next revision.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_complete_the_rulebook"
down_revision = "0001_create_schema"
branch_labels = None
depends_on = None

ROLE = "touchbase_app"

# The closed word lists as they stand at this revision.
WORDS = {
    ("recomputations", "phase"): "open closed candidates",
    ("revisions", "kind"): "application interview candidate client_contact",
}

GRANTS = {
    "agency_work": "SELECT, INSERT, DELETE",
    "covers": "SELECT, INSERT, UPDATE",
    "job_changes": "SELECT, INSERT",
    "pauses": "SELECT, INSERT, UPDATE",
    "policy_versions": "SELECT, INSERT",
    "preferences": "SELECT, INSERT",
    "recomputations": "SELECT, INSERT, UPDATE",
    "revisions": "SELECT, INSERT",
    "voids": "SELECT, INSERT",
}

# Read before the agency is known, to find those with work; holds nothing of anybody.
SHARED = {"agency_work"}

# The scopes of a key that may do everything, before this revision.
SCOPES = (
    "directory:read",
    "directory:write",
    "applications:read",
    "applications:write",
    "records:read",
    "records:write",
    "status:read",
)

CODES = (
    "decision_to_relay withdrawal_to_relay promised_update_due competing_deadline candidate_enquiry_open "
    "debrief_due feedback_to_relay slip_to_relay client_response_due timescale_missing next_step_missing "
    "move_on_suggested statutory_notice_due candidate_unresponsive hold_review courtesy_update_due "
    "thank_you_due touch_base_due preference_review"
)


def upgrade() -> None:
    """Go forward."""
    create_tables()
    for (table, column), words in WORDS.items():
        op.create_check_constraint(op.f(f"{table}_{column}_check"), table, one_of(column, words))
    extend_tables()
    with unsealed("candidates"):
        copy_pauses()
    with unsealed("api_keys"):
        widen_keys()
    for table, privileges in GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO {ROLE}")
        if table not in SHARED:
            seal(table)


def one_of(column: str, words: str) -> str:
    """The SQL of a closed list."""
    return f"{column} IN ({', '.join(repr(word) for word in words.split())})"


def seal(table: str) -> None:
    """Show each agency its own rows alone, the table's owner included."""
    own = "agency_id = NULLIF(current_setting('app.agency_id', true), '')::uuid"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY agency ON {table} USING ({own}) WITH CHECK ({own})")


def extend_tables() -> None:
    """Add columns, and allow what was not allowed before; what they must prove comes next."""
    op.add_column("applications", sa.Column("withdrawn_by", sa.Uuid(), nullable=True))
    op.add_column("applications", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("applications", "consultant_id", existing_type=sa.Uuid(), nullable=True)
    op.add_column(
        "clients",
        sa.Column(
            "policy", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column("contacts", sa.Column("answer", sa.Text(), nullable=True))
    for table in ("debriefs", "feedback", "timescales"):
        op.add_column(table, sa.Column("supersedes", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("salary", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("jobs", sa.Column("responsibilities", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("contract", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("state", sa.Text(), server_default="open", nullable=False))
    op.alter_column("reasons", "overdue_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=True)
    op.add_column("relays", sa.Column("job_change_id", sa.Uuid(), nullable=True))
    op.alter_column("relays", "feedback_id", existing_type=sa.Uuid(), nullable=True)
    for table in ("reasons", "snoozes"):
        op.drop_constraint(op.f(f"{table}_code_check"), table)


@contextmanager
def unsealed(table: str) -> Iterator[None]:
    """Let the owner of a table see all its rows, which the wall hides even from them."""
    op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    yield
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def widen_keys() -> None:
    """Let keys that may do everything go on doing so: changing the policy has a scope of its own."""
    every = ", ".join(repr(scope) for scope in SCOPES)
    op.execute(
        "UPDATE api_keys SET scopes = scopes || '{policy:write}'::text[]"
        f" WHERE scopes @> ARRAY[{every}] AND NOT 'policy:write' = ANY (scopes)"
    )


def copy_pauses() -> None:
    """Move each candidate's pause to its own row."""
    op.execute(
        "INSERT INTO pauses (agency_id, id, candidate_id, start, until, allow_urgent, reason, recorded_at)"
        " SELECT agency_id, gen_random_uuid(), id, pause_from, pause_until, pause_allow_urgent, pause_reason,"
        " updated_at FROM candidates WHERE pause_from < pause_until"
    )


def create_tables() -> None:
    """Create the new tables with their keys and indexes."""
    op.create_table(
        "agency_work",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("agency_work_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "kind", name=op.f("agency_work_pkey")),
    )
    op.create_table(
        "revisions",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("revisions_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("revisions_pkey")),
    )
    op.create_index(
        op.f("revisions_agency_id_object_id_recorded_at_idx"),
        "revisions",
        ["agency_id", "object_id", "recorded_at"],
        unique=False,
    )
    op.create_table(
        "covers",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consultant_id", sa.Uuid(), nullable=False),
        sa.Column("covered_by", sa.Uuid(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("to_date", sa.Date(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("consultant_id <> covered_by", name=op.f("covers_another_check")),
        sa.CheckConstraint("start < until", name=op.f("covers_span_check")),
        sa.ForeignKeyConstraint(
            ["agency_id", "consultant_id"],
            ["consultants.agency_id", "consultants.id"],
            name=op.f("covers_agency_id_consultant_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "covered_by"],
            ["consultants.agency_id", "consultants.id"],
            name=op.f("covers_agency_id_covered_by_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("covers_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("covers_pkey")),
    )
    op.create_index(
        op.f("covers_agency_id_consultant_id_idx"), "covers", ["agency_id", "consultant_id"], unique=False
    )
    op.create_index(op.f("covers_agency_id_until_idx"), "covers", ["agency_id", "until"], unique=False)
    op.create_table(
        "policy_versions",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "client_id"],
            ["clients.agency_id", "clients.id"],
            name=op.f("policy_versions_agency_id_client_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("policy_versions_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("policy_versions_pkey")),
        sa.UniqueConstraint(
            "agency_id",
            "client_id",
            "version",
            name=op.f("policy_versions_agency_id_client_id_version_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "recomputations",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("after_id", sa.Uuid(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id", "client_id"],
            ["clients.agency_id", "clients.id"],
            name=op.f("recomputations_agency_id_client_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("recomputations_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("recomputations_pkey")),
        sa.UniqueConstraint(
            "agency_id",
            "client_id",
            name=op.f("recomputations_agency_id_client_id_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "job_changes",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("difference", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("correction", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "job_id"],
            ["jobs.agency_id", "jobs.id"],
            name=op.f("job_changes_agency_id_job_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("job_changes_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("job_changes_pkey")),
    )
    op.create_index(
        op.f("job_changes_agency_id_job_id_idx"), "job_changes", ["agency_id", "job_id"], unique=False
    )
    op.create_table(
        "pauses",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("allow_urgent", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("start < until", name=op.f("pauses_span_check")),
        sa.ForeignKeyConstraint(
            ["agency_id", "candidate_id"],
            ["candidates.agency_id", "candidates.id"],
            name=op.f("pauses_agency_id_candidate_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("pauses_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pauses_pkey")),
    )
    op.create_index(
        op.f("pauses_agency_id_candidate_id_idx"), "pauses", ["agency_id", "candidate_id"], unique=False
    )
    op.create_table(
        "preferences",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wishes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "candidate_id"],
            ["candidates.agency_id", "candidates.id"],
            name=op.f("preferences_agency_id_candidate_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("preferences_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("preferences_pkey")),
        sa.UniqueConstraint(
            "agency_id",
            "candidate_id",
            "version",
            name=op.f("preferences_agency_id_candidate_id_version_key"),
        ),
    )
    op.create_table(
        "voids",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("snooze_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(contact_id, snooze_id) = 1", name=op.f("voids_one_record_check")),
        sa.ForeignKeyConstraint(
            ["agency_id", "contact_id"],
            ["contacts.agency_id", "contacts.id"],
            name=op.f("voids_agency_id_contact_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "snooze_id"],
            ["snoozes.agency_id", "snoozes.id"],
            name=op.f("voids_agency_id_snooze_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("voids_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("voids_pkey")),
        sa.UniqueConstraint("agency_id", "contact_id", name=op.f("voids_agency_id_contact_id_key")),
        sa.UniqueConstraint("agency_id", "snooze_id", name=op.f("voids_agency_id_snooze_id_key")),
    )


def downgrade() -> None:
    """Go back. What the previous release has no place for must be gone by then, or this fails and changes nothing."""
    for table, column in (
        ("applications", "withdrawn_by"),
        ("applications", "closed_at"),
        ("clients", "policy"),
        ("contacts", "answer"),
        ("debriefs", "supersedes"),
        ("feedback", "supersedes"),
        ("timescales", "supersedes"),
        ("jobs", "salary"),
        ("jobs", "responsibilities"),
        ("jobs", "contract"),
        ("jobs", "state"),
        ("relays", "job_change_id"),
    ):
        op.drop_column(table, column)
    op.alter_column("applications", "consultant_id", existing_type=sa.Uuid(), nullable=False)
    op.alter_column("relays", "feedback_id", existing_type=sa.Uuid(), nullable=False)
    op.alter_column(
        "reasons", "overdue_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=False
    )
    for table in ("reasons", "snoozes"):
        op.create_check_constraint(op.f(f"{table}_code_check"), table, one_of("code", CODES))
    for table in reversed(GRANTS):
        op.drop_table(table)
