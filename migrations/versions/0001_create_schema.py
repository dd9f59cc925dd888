"""Create the schema: tables, the application's role, and row-level security."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_create_schema"
down_revision = None
branch_labels = None
depends_on = None

ROLE = "touchbase_app"

# The closed word lists as they stand at this revision.
WORDS = {
    ("applications", "mode"): "agency direct",
    ("applications", "state"): "active on_hold closed",
    ("contacts", "party"): "candidate client interviewer",
    ("contacts", "direction"): "inbound outbound",
    ("contacts", "outcome"): "reached sent left_message no_answer",
    ("contacts", "channel"): "phone video in_person sms whatsapp email form",
    ("contacts", "purpose"): (
        "update chase withdrawal competing_deadline statutory_notice thank_you touch_base other"
    ),
    ("debriefs", "source"): "call self_service voice_note import",
    ("external_refs", "kind"): "consultant client client_contact candidate job application interview",
    ("feedback", "decision"): (
        "offer next_stage reject undecided role_on_hold role_eliminated role_filled role_filled_internally"
    ),
    ("interviews", "state"): "scheduled attended cancelled no_show",
    ("reasons", "code"): (
        "decision_to_relay withdrawal_to_relay promised_update_due competing_deadline "
        "candidate_enquiry_open debrief_due feedback_to_relay slip_to_relay client_response_due "
        "timescale_missing next_step_missing move_on_suggested statutory_notice_due "
        "candidate_unresponsive hold_review courtesy_update_due thank_you_due touch_base_due "
        "preference_review"
    ),
    ("reasons", "target"): "candidate client interviewer",
    ("snoozes", "code"): (
        "decision_to_relay withdrawal_to_relay promised_update_due competing_deadline "
        "candidate_enquiry_open debrief_due feedback_to_relay slip_to_relay client_response_due "
        "timescale_missing next_step_missing move_on_suggested statutory_notice_due "
        "candidate_unresponsive hold_review courtesy_update_due thank_you_due touch_base_due "
        "preference_review"
    ),
    ("timescales", "source"): "client candidate",
    ("timescales", "confidence"): "firm indicative guess",
    ("timescales", "kind"): "instant date range working_days after_event unknown",
    ("timescales", "anchor"): "given interview",
}

# What the application may do. Evidence is only ever added to; just the status rows are replaced.
GRANTS = {
    "agencies": "SELECT, INSERT, UPDATE",
    "credentials": "SELECT, INSERT",
    "api_keys": "SELECT, INSERT, UPDATE",
    "consultants": "SELECT, INSERT, UPDATE",
    "clients": "SELECT, INSERT, UPDATE",
    "client_contacts": "SELECT, INSERT, UPDATE",
    "candidates": "SELECT, INSERT, UPDATE",
    "jobs": "SELECT, INSERT, UPDATE",
    "applications": "SELECT, INSERT, UPDATE",
    "interviews": "SELECT, INSERT, UPDATE",
    "external_refs": "SELECT, INSERT",
    "debriefs": "SELECT, INSERT",
    "timescales": "SELECT, INSERT",
    "feedback": "SELECT, INSERT",
    "contacts": "SELECT, INSERT",
    "contact_applications": "SELECT, INSERT",
    "relays": "SELECT, INSERT",
    "snoozes": "SELECT, INSERT",
    "reasons": "SELECT, INSERT, DELETE",
}

# Read before the agency is known, to find it; holds nothing but key ids.
SHARED = {"credentials"}

# The role belongs to the whole server, so another database's migration may have made it already.
CREATE_ROLE = f"""
DO $$
BEGIN
    CREATE ROLE {ROLE} NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$
"""


def upgrade() -> None:
    """Go forward."""
    create_tables()
    for (table, column), words in WORDS.items():
        allowed = ", ".join(f"'{word}'" for word in words.split())
        op.create_check_constraint(op.f(f"{table}_{column}_check"), table, f"{column} IN ({allowed})")
    op.execute(CREATE_ROLE)
    op.execute(f"GRANT {ROLE} TO CURRENT_USER")
    op.execute(f"GRANT SELECT ON alembic_version TO {ROLE}")
    for table, privileges in GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO {ROLE}")
        if table not in SHARED:
            seal(table)


def seal(table: str) -> None:
    """Show each agency its own rows alone, the table's owner included.

    After a transaction that had set it, the setting is the empty string, hence NULLIF.
    """
    own = "agency_id = NULLIF(current_setting('app.agency_id', true), '')::uuid"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY agency ON {table} USING ({own}) WITH CHECK ({own})")


def create_tables() -> None:
    """Create every table with its keys and indexes."""
    op.create_table(
        "agencies",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("agencies_pkey")),
    )
    op.create_table(
        "api_keys",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("api_keys_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("agency_id", "key_id", name=op.f("api_keys_agency_id_key_id_key")),
    )
    op.create_table(
        "clients",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("clients_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("clients_pkey")),
    )
    op.create_table(
        "consultants",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("consultants_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("consultants_pkey")),
    )
    op.create_table(
        "credentials",
        sa.Column("lookup", sa.Text(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("credentials_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("lookup", name=op.f("credentials_pkey")),
    )
    op.create_table(
        "external_refs",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("external_refs_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("external_refs_pkey")),
        sa.UniqueConstraint(
            "agency_id",
            "kind",
            "source",
            "external_id",
            name=op.f("external_refs_agency_id_kind_source_external_id_key"),
        ),
    )
    op.create_index(
        op.f("external_refs_agency_id_object_id_idx"),
        "external_refs",
        ["agency_id", "object_id"],
        unique=False,
    )
    op.create_table(
        "candidates",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consultant_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("holidays", sa.Text(), nullable=True),
        sa.Column("seeking", sa.Boolean(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_preference_review_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_allow_urgent", sa.Boolean(), nullable=False),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(pause_from IS NULL) = (pause_until IS NULL)", name=op.f("candidates_pause_check")
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "consultant_id"],
            ["consultants.agency_id", "consultants.id"],
            name=op.f("candidates_agency_id_consultant_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("candidates_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("candidates_pkey")),
    )
    op.create_index(
        op.f("candidates_agency_id_consultant_id_idx"),
        "candidates",
        ["agency_id", "consultant_id"],
        unique=False,
    )
    op.create_table(
        "client_contacts",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("holidays", sa.Text(), nullable=True),
        sa.Column("unavailable_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "client_id"],
            ["clients.agency_id", "clients.id"],
            name=op.f("client_contacts_agency_id_client_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("client_contacts_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("client_contacts_pkey")),
    )
    op.create_index(
        op.f("client_contacts_agency_id_client_id_idx"),
        "client_contacts",
        ["agency_id", "client_id"],
        unique=False,
    )
    op.create_table(
        "jobs",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "client_id"],
            ["clients.agency_id", "clients.id"],
            name=op.f("jobs_agency_id_client_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("jobs_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("jobs_pkey")),
    )
    op.create_index(op.f("jobs_agency_id_client_id_idx"), "jobs", ["agency_id", "client_id"], unique=False)
    op.create_table(
        "applications",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("consultant_id", sa.Uuid(), nullable=False),
        sa.Column("client_contact_id", sa.Uuid(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("continue_until", sa.Date(), nullable=True),
        sa.Column("hold_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_until", sa.Date(), nullable=True),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.Column("hold_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "candidate_id"],
            ["candidates.agency_id", "candidates.id"],
            name=op.f("applications_agency_id_candidate_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "client_contact_id"],
            ["client_contacts.agency_id", "client_contacts.id"],
            name=op.f("applications_agency_id_client_contact_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "consultant_id"],
            ["consultants.agency_id", "consultants.id"],
            name=op.f("applications_agency_id_consultant_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "job_id"],
            ["jobs.agency_id", "jobs.id"],
            name=op.f("applications_agency_id_job_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("applications_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("applications_pkey")),
    )
    op.create_index(
        op.f("applications_agency_id_candidate_id_idx"),
        "applications",
        ["agency_id", "candidate_id"],
        unique=False,
    )
    op.create_index(
        op.f("applications_agency_id_client_contact_id_idx"),
        "applications",
        ["agency_id", "client_contact_id"],
        unique=False,
    )
    op.create_index(
        op.f("applications_agency_id_consultant_id_idx"),
        "applications",
        ["agency_id", "consultant_id"],
        unique=False,
    )
    op.create_index(
        op.f("applications_agency_id_job_id_idx"), "applications", ["agency_id", "job_id"], unique=False
    )
    op.create_table(
        "contacts",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Uuid(), nullable=True),
        sa.Column("client_contact_id", sa.Uuid(), nullable=True),
        sa.Column("consultant_id", sa.Uuid(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("all_applications", sa.Boolean(), nullable=False),
        sa.Column("needs_reply", sa.Boolean(), nullable=False),
        sa.Column("automated", sa.Boolean(), nullable=False),
        sa.Column("promise_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promise_by_date", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(candidate_id, client_contact_id) = 1", name=op.f("contacts_one_person_check")
        ),
        sa.CheckConstraint(
            "promise_by IS NULL OR promise_by_date IS NULL", name=op.f("contacts_one_promise_check")
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "candidate_id"],
            ["candidates.agency_id", "candidates.id"],
            name=op.f("contacts_agency_id_candidate_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "client_contact_id"],
            ["client_contacts.agency_id", "client_contacts.id"],
            name=op.f("contacts_agency_id_client_contact_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "consultant_id"],
            ["consultants.agency_id", "consultants.id"],
            name=op.f("contacts_agency_id_consultant_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("contacts_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("contacts_pkey")),
    )
    op.create_index(
        op.f("contacts_agency_id_candidate_id_occurred_at_idx"),
        "contacts",
        ["agency_id", "candidate_id", "occurred_at"],
        unique=False,
    )
    op.create_index(
        op.f("contacts_agency_id_client_contact_id_occurred_at_idx"),
        "contacts",
        ["agency_id", "client_contact_id", "occurred_at"],
        unique=False,
    )
    op.create_table(
        "contact_applications",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "application_id"],
            ["applications.agency_id", "applications.id"],
            name=op.f("contact_applications_agency_id_application_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "contact_id"],
            ["contacts.agency_id", "contacts.id"],
            name=op.f("contact_applications_agency_id_contact_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("contact_applications_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("contact_applications_pkey")),
        sa.UniqueConstraint(
            "agency_id",
            "contact_id",
            "application_id",
            name=op.f("contact_applications_agency_id_contact_id_application_id_key"),
        ),
    )
    op.create_index(
        op.f("contact_applications_agency_id_application_id_idx"),
        "contact_applications",
        ["agency_id", "application_id"],
        unique=False,
    )
    op.create_table(
        "interviews",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint('"end" > start', name=op.f("interviews_ends_after_start_check")),
        sa.ForeignKeyConstraint(
            ["agency_id", "application_id"],
            ["applications.agency_id", "applications.id"],
            name=op.f("interviews_agency_id_application_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("interviews_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("interviews_pkey")),
    )
    op.create_index(
        op.f("interviews_agency_id_application_id_idx"),
        "interviews",
        ["agency_id", "application_id"],
        unique=False,
    )
    op.create_table(
        "reasons",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("candidate_id", sa.Uuid(), nullable=False),
        sa.Column("consultant_id", sa.Uuid(), nullable=True),
        sa.Column("client_contact_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("escalate_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("flagged_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flagged_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fact_kind", sa.Text(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=True),
        sa.Column("fact_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("flagged_from < flagged_until", name=op.f("reasons_interval_check")),
        sa.ForeignKeyConstraint(
            ["agency_id", "application_id"],
            ["applications.agency_id", "applications.id"],
            name=op.f("reasons_agency_id_application_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "candidate_id"],
            ["candidates.agency_id", "candidates.id"],
            name=op.f("reasons_agency_id_candidate_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "client_contact_id"],
            ["client_contacts.agency_id", "client_contacts.id"],
            name=op.f("reasons_agency_id_client_contact_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "consultant_id"],
            ["consultants.agency_id", "consultants.id"],
            name=op.f("reasons_agency_id_consultant_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("reasons_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("reasons_pkey")),
    )
    op.create_index(
        op.f("reasons_agency_id_application_id_idx"), "reasons", ["agency_id", "application_id"], unique=False
    )
    op.create_index(
        op.f("reasons_agency_id_candidate_id_idx"), "reasons", ["agency_id", "candidate_id"], unique=False
    )
    op.create_index(
        op.f("reasons_agency_id_consultant_id_flagged_until_flagged_from_idx"),
        "reasons",
        ["agency_id", "consultant_id", "flagged_until", "flagged_from"],
        unique=False,
    )
    op.create_index(
        op.f("reasons_agency_id_flagged_until_flagged_from_idx"),
        "reasons",
        ["agency_id", "flagged_until", "flagged_from"],
        unique=False,
    )
    op.create_table(
        "snoozes",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "application_id"],
            ["applications.agency_id", "applications.id"],
            name=op.f("snoozes_agency_id_application_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("snoozes_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("snoozes_pkey")),
    )
    op.create_index(
        op.f("snoozes_agency_id_application_id_idx"), "snoozes", ["agency_id", "application_id"], unique=False
    )
    op.create_table(
        "debriefs",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("interview_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("interest_score", sa.Integer(), nullable=False),
        sa.Column("account", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("interest_score BETWEEN 0 AND 10", name=op.f("debriefs_interest_score_check")),
        sa.ForeignKeyConstraint(
            ["agency_id", "application_id"],
            ["applications.agency_id", "applications.id"],
            name=op.f("debriefs_agency_id_application_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "interview_id"],
            ["interviews.agency_id", "interviews.id"],
            name=op.f("debriefs_agency_id_interview_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("debriefs_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("debriefs_pkey")),
        sa.UniqueConstraint(
            "agency_id", "interview_id", "version", name=op.f("debriefs_agency_id_interview_id_version_key")
        ),
    )
    op.create_index(
        op.f("debriefs_agency_id_application_id_idx"),
        "debriefs",
        ["agency_id", "application_id"],
        unique=False,
    )
    op.create_table(
        "feedback",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("interview_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_contact", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("embargo_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "application_id"],
            ["applications.agency_id", "applications.id"],
            name=op.f("feedback_agency_id_application_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "from_contact"],
            ["client_contacts.agency_id", "client_contacts.id"],
            name=op.f("feedback_agency_id_from_contact_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "interview_id"],
            ["interviews.agency_id", "interviews.id"],
            name=op.f("feedback_agency_id_interview_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("feedback_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("feedback_pkey")),
    )
    op.create_index(
        op.f("feedback_agency_id_application_id_idx"),
        "feedback",
        ["agency_id", "application_id"],
        unique=False,
    )
    op.create_table(
        "timescales",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("interview_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phrase", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("from_date", sa.Date(), nullable=True),
        sa.Column("to_date", sa.Date(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=True),
        sa.Column("event_date", sa.Date(), nullable=True),
        sa.Column("offset_working_days", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("from_date <= to_date", name=op.f("timescales_range_check")),
        sa.CheckConstraint("n >= 0 AND offset_working_days >= 0", name=op.f("timescales_counts_check")),
        sa.ForeignKeyConstraint(
            ["agency_id", "application_id"],
            ["applications.agency_id", "applications.id"],
            name=op.f("timescales_agency_id_application_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "given_by"],
            ["client_contacts.agency_id", "client_contacts.id"],
            name=op.f("timescales_agency_id_given_by_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "interview_id"],
            ["interviews.agency_id", "interviews.id"],
            name=op.f("timescales_agency_id_interview_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("timescales_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("timescales_pkey")),
    )
    op.create_index(
        op.f("timescales_agency_id_application_id_idx"),
        "timescales",
        ["agency_id", "application_id"],
        unique=False,
    )
    op.create_table(
        "relays",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("feedback_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "contact_id"],
            ["contacts.agency_id", "contacts.id"],
            name=op.f("relays_agency_id_contact_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "feedback_id"],
            ["feedback.agency_id", "feedback.id"],
            name=op.f("relays_agency_id_feedback_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"], name=op.f("relays_agency_id_fkey")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("relays_pkey")),
        sa.UniqueConstraint(
            "agency_id", "contact_id", "feedback_id", name=op.f("relays_agency_id_contact_id_feedback_id_key")
        ),
    )
    op.create_index(
        op.f("relays_agency_id_feedback_id_idx"), "relays", ["agency_id", "feedback_id"], unique=False
    )


def downgrade() -> None:
    """Go back. The role stays: other databases of the server may use it."""
    op.drop_index(op.f("relays_agency_id_feedback_id_idx"), table_name="relays")
    op.drop_table("relays")
    op.drop_index(op.f("timescales_agency_id_application_id_idx"), table_name="timescales")
    op.drop_table("timescales")
    op.drop_index(op.f("feedback_agency_id_application_id_idx"), table_name="feedback")
    op.drop_table("feedback")
    op.drop_index(op.f("debriefs_agency_id_application_id_idx"), table_name="debriefs")
    op.drop_table("debriefs")
    op.drop_index(op.f("snoozes_agency_id_application_id_idx"), table_name="snoozes")
    op.drop_table("snoozes")
    op.drop_index(op.f("reasons_agency_id_flagged_until_flagged_from_idx"), table_name="reasons")
    op.drop_index(
        op.f("reasons_agency_id_consultant_id_flagged_until_flagged_from_idx"), table_name="reasons"
    )
    op.drop_index(op.f("reasons_agency_id_candidate_id_idx"), table_name="reasons")
    op.drop_index(op.f("reasons_agency_id_application_id_idx"), table_name="reasons")
    op.drop_table("reasons")
    op.drop_index(op.f("interviews_agency_id_application_id_idx"), table_name="interviews")
    op.drop_table("interviews")
    op.drop_index(
        op.f("contact_applications_agency_id_application_id_idx"), table_name="contact_applications"
    )
    op.drop_table("contact_applications")
    op.drop_index(op.f("contacts_agency_id_client_contact_id_occurred_at_idx"), table_name="contacts")
    op.drop_index(op.f("contacts_agency_id_candidate_id_occurred_at_idx"), table_name="contacts")
    op.drop_table("contacts")
    op.drop_index(op.f("applications_agency_id_job_id_idx"), table_name="applications")
    op.drop_index(op.f("applications_agency_id_consultant_id_idx"), table_name="applications")
    op.drop_index(op.f("applications_agency_id_client_contact_id_idx"), table_name="applications")
    op.drop_index(op.f("applications_agency_id_candidate_id_idx"), table_name="applications")
    op.drop_table("applications")
    op.drop_index(op.f("jobs_agency_id_client_id_idx"), table_name="jobs")
    op.drop_table("jobs")
    op.drop_index(op.f("client_contacts_agency_id_client_id_idx"), table_name="client_contacts")
    op.drop_table("client_contacts")
    op.drop_index(op.f("candidates_agency_id_consultant_id_idx"), table_name="candidates")
    op.drop_table("candidates")
    op.drop_index(op.f("external_refs_agency_id_object_id_idx"), table_name="external_refs")
    op.drop_table("external_refs")
    op.drop_table("credentials")
    op.drop_table("consultants")
    op.drop_table("clients")
    op.drop_table("api_keys")
    op.drop_table("agencies")
