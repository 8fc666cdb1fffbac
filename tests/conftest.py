"""Fixtures and settings that tests of several folders share."""

from hypothesis import HealthCheck, settings

from tests.support.postgres import new_postgres, postgres_server

__all__ = ["new_postgres", "postgres_server"]

# The default run must pass on a busy machine of any speed: no example is too slow.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
