"""Every revision of the schema, the oldest first."""

from alembic.script import Script, ScriptDirectory

from app.migrate import alembic_config

SCRIPTS: list[Script] = list(reversed(list(ScriptDirectory.from_config(alembic_config("")).walk_revisions())))
