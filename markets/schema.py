"""How the REST API describes itself: the decorator, the parameters and the log-in of its OpenAPI schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema

from markets import queries
from markets import serializers as shapes

F = TypeVar("F", bound=Callable[..., Any])
PROBLEM: Final = {
    (code, "application/problem+json"): shapes.ProblemShape
    for code in (400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503, 504)
}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer <key>`."""

    target_class = "markets.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """OpenAPI's words for it."""
        del auto_schema
        return {"type": "http", "scheme": "bearer"}


def schema(**options: Any) -> Callable[[F], F]:
    """Describe a call; every call may answer a problem."""
    responses = options.pop("responses")
    return extend_schema(responses={**responses, **PROBLEM}, **options)


def parameter(name: str, kind: Any = OpenApiTypes.STR, **options: Any) -> OpenApiParameter:
    """A query parameter."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, **options)


LIMIT = parameter("limit", {"type": "integer", "minimum": 1, "maximum": queries.MAX_LIMIT})
MARKET = parameter("market")
CURSOR = parameter("cursor", description="From `next` or `previous`.")
SIDE = parameter("side", enum=["buy", "sell"])
