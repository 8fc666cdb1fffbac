"""What tests of several folders stand on."""

from tests.support.postgres import new_postgres, postgres_server

__all__ = ["new_postgres", "postgres_server"]
