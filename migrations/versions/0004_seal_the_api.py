"""Seal the API: who may call and what they did, keys of requests that may be sent again, how much an agency uses.

Everything here is an addition, so the previous release works on with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_seal_the_api"
down_revision = "0003_prove_the_constraints"
branch_labels = None
depends_on = None

ROLE = "touchbase_app"

GRANTS = {
    "agency_usage": "SELECT, INSERT, UPDATE",
    "audit_entries": "SELECT, INSERT",
    "identity_providers": "SELECT, INSERT, UPDATE",
    "identities": "SELECT, INSERT, UPDATE",
    "idempotency_keys": "SELECT, INSERT, UPDATE, DELETE",
}

ROLES = "role IN ('admin', 'manager', 'consultant', 'integration')"
PREVIOUS = "num_nonnulls(previous_key_id, previous_digest, previous_expires_at) IN (0, 3)"

# The scopes of a key that may do everything, before this revision, and those that are new.
SCOPES = (
    "directory:read",
    "directory:write",
    "applications:read",
    "applications:write",
    "records:read",
    "records:write",
    "status:read",
    "policy:write",
)
NEW_SCOPES = ("access:read", "access:write", "audit:read")


def upgrade() -> None:
    """Go forward."""
    create_tables()
    extend_keys()
    with unsealed("api_keys"):
        widen_keys()
    for table, privileges in GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO {ROLE}")
        seal(table)


def seal(table: str) -> None:
    """Show each agency its own rows alone, the table's owner included."""
    own = "agency_id = NULLIF(current_setting('app.agency_id', true), '')::uuid"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY agency ON {table} USING ({own}) WITH CHECK ({own})")


@contextmanager
def unsealed(table: str) -> Iterator[None]:
    """Let the owner of a table see all its rows, which the wall hides even from them."""
    op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    yield
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def extend_keys() -> None:
    """Give keys a role, and a previous text that goes on working for a while; the table is small."""
    for column in (
        f"role text CONSTRAINT api_keys_role_check CHECK ({ROLES})",
        "previous_key_id text",
        "previous_digest bytea",
        f"previous_expires_at timestamptz CONSTRAINT api_keys_previous_check CHECK ({PREVIOUS})",
    ):
        op.execute(f"ALTER TABLE api_keys ADD COLUMN {column}")


def widen_keys() -> None:
    """Let keys that may do everything go on doing so: they are an admin's from now on."""
    every, new = (", ".join(repr(scope) for scope in scopes) for scopes in (SCOPES, NEW_SCOPES))
    op.execute(
        f"UPDATE api_keys SET role = 'admin', scopes = scopes || ARRAY[{new}] WHERE scopes @> ARRAY[{every}]"
    )


def create_tables() -> None:
    """Create the new tables with their keys and indexes."""
    op.create_table(
        "agency_usage",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("agency_usage_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("agency_usage_pkey")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("idempotency_keys_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("idempotency_keys_pkey")),
        sa.UniqueConstraint(
            "agency_id", "principal", "key", name=op.f("idempotency_keys_agency_id_principal_key_key")
        ),
    )
    op.create_index(
        op.f("idempotency_keys_agency_id_expires_at_idx"), "idempotency_keys", ["agency_id", "expires_at"]
    )
    op.create_table(
        "identity_providers",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("identity_providers_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("identity_providers_pkey")),
        sa.UniqueConstraint(
            "agency_id", "issuer", "audience", name=op.f("identity_providers_agency_id_issuer_audience_key")
        ),
    )
    op.create_table(
        "identities",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identity_provider_id", sa.Uuid(), nullable=False),
        sa.Column("consultant_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(ROLES, name=op.f("identities_role_check")),
        sa.ForeignKeyConstraint(
            ["agency_id", "consultant_id"],
            ["consultants.agency_id", "consultants.id"],
            name=op.f("identities_agency_id_consultant_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "identity_provider_id"],
            ["identity_providers.agency_id", "identity_providers.id"],
            name=op.f("identities_agency_id_identity_provider_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("identities_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("identities_pkey")),
    )
    op.create_index(
        op.f("identities_agency_id_identity_provider_id_subject_idx"),
        "identities",
        ["agency_id", "identity_provider_id", "subject"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "audit_entries",
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("consultant_id", sa.Uuid(), nullable=True),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "consultant_id"],
            ["consultants.agency_id", "consultants.id"],
            name=op.f("audit_entries_agency_id_consultant_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("audit_entries_agency_id_fkey")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("audit_entries_pkey")),
    )
    for column in ("object_id", "principal"):
        op.create_index(op.f(f"audit_entries_agency_id_{column}_idx"), "audit_entries", ["agency_id", column])


def downgrade() -> None:
    """Go back."""
    for table in ("audit_entries", "identities", "identity_providers", "idempotency_keys", "agency_usage"):
        op.drop_table(table)
    for column in ("previous_expires_at", "previous_digest", "previous_key_id", "role"):
        op.drop_column("api_keys", column)
