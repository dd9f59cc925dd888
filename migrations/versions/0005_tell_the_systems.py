"""Tell the agency's systems: events and their log, webhooks, digests, calendar feeds, and what wakes a worker.

Everything here is an addition, so the previous release works on with it: what it records is announced from the next
time on that this release computes the application's status.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_tell_the_systems"
down_revision = "0004_seal_the_api"
branch_labels = None
depends_on = None

ROLE = "touchbase_app"

GRANTS = {
    "calendar_feeds": "SELECT, INSERT, UPDATE",
    "deliveries": "SELECT, INSERT, UPDATE, DELETE",
    "delivery_attempts": "SELECT, INSERT, DELETE",
    "delivery_queues": "SELECT, INSERT, UPDATE, DELETE",
    "digests": "SELECT, INSERT, UPDATE, DELETE",
    "event_logs": "SELECT, INSERT, UPDATE",
    "event_streams": "SELECT, INSERT, UPDATE",
    "events": "SELECT, INSERT, UPDATE, DELETE",
    "wakes": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_endpoints": "SELECT, INSERT, UPDATE",
}

# Read before the agency is known, to find those with work; they hold nothing of anybody.
SHARED = {"wakes"}

WORDS = {
    ("wakes", "kind"): "announce publish deliver digest",
    ("webhook_endpoints", "state"): "enabled paused disabled",
    ("webhook_endpoints", "disabled_reason"): "gone failing",
    ("digests", "state"): "pending sent skipped dead",
    ("events", "type"): (
        "application.created application.updated interview.created interview.updated "
        "debrief.recorded timescale.recorded feedback.recorded contact.recorded "
        "contact.voided snooze.recorded snooze.voided pause.recorded pause.lifted "
        "preference.recorded job.changed reason.due reason.overdue reason.escalated "
        "reason.settled candidate.may_touch_base webhook_endpoint.disabled "
        "webhook_endpoint.test"
    ),
    ("events", "code"): (
        "decision_to_relay withdrawal_to_relay promised_update_due competing_deadline "
        "candidate_enquiry_open debrief_due feedback_to_relay job_change_to_relay "
        "slip_to_relay client_response_due timescale_missing next_step_missing "
        "move_on_suggested statutory_notice_due candidate_unresponsive hold_review "
        "courtesy_update_due thank_you_due touch_base_due preference_review"
    ),
    ("deliveries", "state"): "pending succeeded dead",
}

# Every application is computed anew in the background, which announces what is due by now; and a worker looks up when
# the next digests are. Each agency is entered in turn, as its rows are hidden from the owner too.
FIRST_LOOK = """
DO $$
DECLARE agency uuid;
BEGIN
  FOR agency IN SELECT DISTINCT agency_id FROM credentials LOOP
    EXECUTE format('SET LOCAL app.agency_id = %L', agency);
    INSERT INTO recomputations (agency_id, id, client_id, phase, total, done, started_at)
      SELECT agency, gen_random_uuid(), NULL, 'open', count(*), 0, now() FROM applications WHERE agency_id = agency
      ON CONFLICT (agency_id, client_id)
      DO UPDATE SET phase = 'open', after_id = NULL, total = excluded.total, done = 0, started_at = now(), finished_at = NULL;
    INSERT INTO agency_work (agency_id, kind) VALUES (agency, 'recomputation') ON CONFLICT DO NOTHING;
    INSERT INTO wakes (agency_id, id, kind, at) VALUES (agency, gen_random_uuid(), 'digest', now());
  END LOOP;
  SET LOCAL app.agency_id = '';
END $$
"""


def upgrade() -> None:
    """Go forward."""
    create_tables()
    for table, privileges in GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO {ROLE}")
        if table not in SHARED:
            seal(table)
    op.execute(FIRST_LOOK)


def seal(table: str) -> None:
    """Show each agency its own rows alone, the table's owner included."""
    own = "agency_id = NULLIF(current_setting('app.agency_id', true), '')::uuid"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY agency ON {table} USING ({own}) WITH CHECK ({own})")


def words_of(table: str, column: str) -> sa.CheckConstraint:
    """The check of a closed list."""
    words = ", ".join(repr(word) for word in WORDS[table, column].split())
    return sa.CheckConstraint(f"{column} IN ({words})", name=op.f(f"{table}_{column}_check"))


def create_tables() -> None:
    """Create the new tables with their keys and indexes."""
    op.create_table(
        "event_logs",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), nullable=False),
        sa.Column("pruned_position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("event_logs_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("event_logs_pkey")),
    )
    op.create_table(
        "wakes",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("wakes_agency_id_fkey")),
        words_of("wakes", "kind"),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("wakes_pkey")),
    )
    op.create_index(op.f("wakes_at_idx"), "wakes", ["at"], unique=False)
    op.create_table(
        "webhook_endpoints",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(previous_secret, previous_expires_at) IN (0, 2)",
            name=op.f("webhook_endpoints_previous_check"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("webhook_endpoints_agency_id_fkey")
        ),
        words_of("webhook_endpoints", "state"),
        words_of("webhook_endpoints", "disabled_reason"),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("webhook_endpoints_pkey")),
    )
    op.create_table(
        "calendar_feeds",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consultant_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id", "consultant_id"],
            ["consultants.agency_id", "consultants.id"],
            name=op.f("calendar_feeds_agency_id_consultant_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("calendar_feeds_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("calendar_feeds_pkey")),
        sa.UniqueConstraint("agency_id", "digest", name=op.f("calendar_feeds_agency_id_digest_key")),
    )
    op.create_table(
        "delivery_queues",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id", "webhook_endpoint_id"],
            ["webhook_endpoints.agency_id", "webhook_endpoints.id"],
            name=op.f("delivery_queues_agency_id_webhook_endpoint_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("delivery_queues_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("delivery_queues_pkey")),
        sa.UniqueConstraint(
            "agency_id",
            "webhook_endpoint_id",
            "subject_id",
            name=op.f("delivery_queues_agency_id_webhook_endpoint_id_subject_id_key"),
        ),
    )
    op.create_index(
        op.f("delivery_queues_agency_id_webhook_endpoint_id_next_attempt_at_idx"),
        "delivery_queues",
        ["agency_id", "webhook_endpoint_id", "next_attempt_at"],
        unique=False,
    )
    op.create_table(
        "digests",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consultant_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "consultant_id"],
            ["consultants.agency_id", "consultants.id"],
            name=op.f("digests_agency_id_consultant_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("digests_agency_id_fkey")),
        words_of("digests", "state"),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("digests_pkey")),
        sa.UniqueConstraint(
            "agency_id", "consultant_id", "day", name=op.f("digests_agency_id_consultant_id_day_key")
        ),
    )
    op.create_index(
        op.f("digests_agency_id_next_attempt_at_idx"),
        "digests",
        ["agency_id", "next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "event_streams",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=True),
        sa.Column("last_sequence", sa.Integer(), nullable=False),
        sa.Column("announced_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("touch_base_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("touch_base_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id", "candidate_id"],
            ["candidates.agency_id", "candidates.id"],
            name=op.f("event_streams_agency_id_candidate_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("event_streams_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("event_streams_pkey")),
    )
    op.create_index(
        op.f("event_streams_agency_id_next_at_idx"),
        "event_streams",
        ["agency_id", "next_at"],
        unique=False,
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_table(
        "events",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("candidate_id", sa.Uuid(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "application_id"],
            ["applications.agency_id", "applications.id"],
            name=op.f("events_agency_id_application_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "candidate_id"],
            ["candidates.agency_id", "candidates.id"],
            name=op.f("events_agency_id_candidate_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("events_agency_id_fkey")),
        words_of("events", "type"),
        words_of("events", "code"),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("events_pkey")),
        sa.UniqueConstraint("agency_id", "position", name=op.f("events_agency_id_position_key")),
        sa.UniqueConstraint(
            "agency_id", "subject_id", "sequence", name=op.f("events_agency_id_subject_id_sequence_key")
        ),
    )
    op.create_index(
        op.f("events_agency_id_recorded_at_idx"), "events", ["agency_id", "recorded_at"], unique=False
    )
    op.create_index(
        "events_agency_id_subject_id_passing_idx",
        "events",
        ["agency_id", "subject_id", "type", "code", "due_at"],
        unique=True,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "events_agency_id_unplaced_idx",
        "events",
        ["agency_id", "recorded_at"],
        unique=False,
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_table(
        "deliveries",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id", "event_id"],
            ["events.agency_id", "events.id"],
            name=op.f("deliveries_agency_id_event_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "webhook_endpoint_id"],
            ["webhook_endpoints.agency_id", "webhook_endpoints.id"],
            name=op.f("deliveries_agency_id_webhook_endpoint_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("deliveries_agency_id_fkey")
        ),
        words_of("deliveries", "state"),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("deliveries_pkey")),
        sa.UniqueConstraint(
            "agency_id",
            "webhook_endpoint_id",
            "event_id",
            name=op.f("deliveries_agency_id_webhook_endpoint_id_event_id_key"),
        ),
    )
    op.create_index(
        op.f("deliveries_agency_id_event_id_idx"), "deliveries", ["agency_id", "event_id"], unique=False
    )
    op.create_index(
        "deliveries_agency_id_pending_idx",
        "deliveries",
        ["agency_id", "webhook_endpoint_id", "subject_id", "sequence"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "delivery_attempts",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "delivery_id"],
            ["deliveries.agency_id", "deliveries.id"],
            name=op.f("delivery_attempts_agency_id_delivery_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("delivery_attempts_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("delivery_attempts_pkey")),
        sa.UniqueConstraint(
            "agency_id",
            "delivery_id",
            "number",
            name=op.f("delivery_attempts_agency_id_delivery_id_number_key"),
        ),
    )


def downgrade() -> None:
    """Go back."""
    for table in (
        "delivery_attempts",
        "deliveries",
        "events",
        "event_streams",
        "digests",
        "delivery_queues",
        "calendar_feeds",
        "webhook_endpoints",
        "wakes",
        "event_logs",
    ):
        op.drop_table(table)
