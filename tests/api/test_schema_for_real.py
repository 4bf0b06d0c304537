"""Schemathesis asks what the schema allows, and more, and holds each answer against the schema."""

from contextlib import suppress
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.drivers.exchange import ExchangeDriver, Trader

EXAMPLES: Final = 3
"""Requests of each operation, in each mode."""
CHECKS: Final = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
KEPT: Final = "/api/v1/api-keys/{key_id}"
"""Not asked: it might revoke the key that asks."""


@pytest.fixture(scope="module")
def described(exchange: ExchangeDriver) -> Any:
    """The schema as it is served."""
    return schemathesis.openapi.from_url(f"{exchange.url}/api/schema/").exclude(path=KEPT)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_one_that_the_schema_describes(
    described: Any, alice: Trader, mode: GenerationMode, subtests: pytest.Subtests
) -> None:
    headers = {"Authorization": f"Bearer {alice.key}"}
    operations = [result.ok() for result in described.get_all_operations()]
    assert len(operations) > 20

    for operation in operations:

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        # Some have nothing that could be wrong.
        with subtests.test(operation.label), suppress(Unsatisfiable):
            ask()
