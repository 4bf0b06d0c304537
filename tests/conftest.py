"""What all tests share: the running exchange, and the order in which tests run (fast ones first)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from django.test.utils import setup_databases, teardown_databases

from tests.drivers.exchange import ExchangeDriver

BROWSERS: Final = Path(__file__).parent / "browser"
LONGEST: Final = ("test_on_postgresql_and_redis.py", "test_rolling_restart.py")
"""Files that run first of theirs: nobody waits for them alone."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make test ARGS=--long`: those that are marked so, too."""
    parser.addoption("--long", action="store_true", help="run also what is marked `long`")


def pytest_configure() -> None:
    """Passwords of tests need not cost a third of a second each."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Fast tests first, then the real processes and long searches, the browsers last.

    The browsers' chapter is many short files, one of which is soon done when nothing else is left to do; and
    by then no test adds a network to the machine, at which a browser lets go of what it is loading.
    """
    if not config.getoption("--long"):
        config.hook.pytest_deselected(items=[item for item in items if _is_long(item)])
        items[:] = [item for item in items if not _is_long(item)]
    items.sort(
        key=lambda item: (
            item.get_closest_marker("slow") is not None,
            item.path.is_relative_to(BROWSERS),
            item.path.name not in LONGEST,
        )
    )


def _is_long(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is not None


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[None]:
    """The test database, also when all that a session needs is the running exchange."""
    with django_db_blocker.unblock():
        databases = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        teardown_databases(databases, verbosity=0)


@pytest.fixture(scope="session")
def exchange(django_db_setup: None, django_db_blocker: Any) -> Iterator[ExchangeDriver]:
    """The exchange of this test session: tests share it, each with markets and traders of its own."""
    config = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    if settings.REDIS_URL:
        config["prefix"] = f"test-{os.getpid()}"
    with django_db_blocker.unblock():
        driver = ExchangeDriver()
        driver.start()
        yield driver
        driver.check()
        driver.stop()
