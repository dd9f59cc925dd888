"""The embedded PostgreSQL of a first run and of tests: found, made, started, and ended with its parent."""

from app.postgres.clients import start_client
from app.postgres.finder import find_clients
from app.postgres.places import PostgresError, default_data_dir
from app.postgres.server import Server, quoted, running

__all__ = ["PostgresError", "Server", "default_data_dir", "find_clients", "quoted", "running", "start_client"]
