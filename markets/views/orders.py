"""Orders: placed, listed, amended, canceled."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from markets import models, queries, trading
from markets import serializers as shapes
from markets.authentication import principal
from markets.messages.orders import order_text, raw
from markets.order_requests import amendment_of, is_order_id
from markets.problems import Problem
from markets.request_fields import is_client_order_id
from markets.rows import ORDER_FIELDS, order_state
from markets.schema import CURSOR, LIMIT, MARKET, SIDE, parameter, schema
from markets.views.base import PrivateView, body, spec_by_market, wait_for


class OrdersView(PrivateView):
    """The account's orders."""

    @schema(
        operation_id="orders",
        responses={200: shapes.OrderPageShape},
        parameters=[MARKET, parameter("status"), SIDE, LIMIT, CURSOR],
    )
    def get(self, request: Request) -> Response:
        """Orders, newest first."""
        names = ("market", "status", "side", "limit", "cursor")
        query = queries.read_query(request.query_params, names)
        page = queries.page(
            [queries.orders(principal(request).account.pk, query)],
            "created_at",
            ("market__symbol", *ORDER_FIELDS),
            queries.limit(query),
            queries.Cursor.read(query.get("cursor")),
        )
        specs = spec_by_market()
        results = [
            raw(order_text(order_state(tuple(row)), specs[symbol])) for symbol, *row in page.rows
        ]
        return Response(page.as_json(results, request.build_absolute_uri(request.path), query))

    @schema(
        operation_id="submit_order",
        request=shapes.PlaceOrderShape,
        responses={201: shapes.OrderWithFillsShape, 200: shapes.OrderWithFillsShape},
    )
    def post(self, request: Request) -> Response:
        """Place an order. 201: it is durable; 200: it was placed before (same client_order_id), or
        `validate_only` found nothing to refuse.
        """
        status, order = wait_for(trading.submit_order, principal(request), body(request))
        return Response(order, status=status)

    @schema(
        operation_id="cancel_all", responses={200: shapes.CanceledShape}, parameters=[MARKET, SIDE]
    )
    def delete(self, request: Request) -> Response:
        """Cancel all orders, of one market or side perhaps."""
        query = queries.read_query(request.query_params, ("market", "side"))
        return Response(wait_for(trading.cancel_all, principal(request), query))


class OrderBatchView(PrivateView):
    """Many orders in one request."""

    @schema(
        operation_id="submit_orders",
        request=shapes.BatchShape,
        responses={200: shapes.BatchResultsShape},
    )
    def post(self, request: Request) -> Response:
        """Place 1 to 500 orders, each for itself."""
        return Response(wait_for(trading.submit_orders, principal(request), body(request)))


class OcoView(PrivateView):
    """Two orders of which one cancels the other."""

    @schema(
        operation_id="submit_oco",
        request=shapes.OcoShape,
        responses={201: shapes.GroupShape, 200: shapes.GroupShape},
    )
    def post(self, request: Request) -> Response:
        """Place a limit order or take profit, and a stop of one side, of which one cancels the other: by any
        fill, its trigger or its end.
        """
        status, group = wait_for(trading.submit_oco, principal(request), body(request))
        return Response(group, status=status)


class BracketView(PrivateView):
    """An entry and its exits."""

    @schema(
        operation_id="submit_bracket",
        request=shapes.BracketShape,
        responses={201: shapes.GroupShape, 200: shapes.GroupShape},
    )
    def post(self, request: Request) -> Response:
        """Place an entry; what its fills bring arms a take profit and a stop loss on the other side."""
        status, group = wait_for(trading.submit_bracket, principal(request), body(request))
        return Response(group, status=status)


class CancelAfterView(PrivateView):
    """The dead man's switch."""

    @schema(operation_id="cancel_after", responses={200: shapes.CancelAfterStateShape})
    def get(self, request: Request) -> Response:
        """When the account's orders are canceled unless the switch is set anew; null: never."""
        queries.read_query(request.query_params, ())
        return Response(trading.cancel_after(principal(request).account))

    @schema(
        operation_id="cancel_all_after",
        request=shapes.CancelAfterShape,
        responses={200: shapes.CancelAfterStateShape},
    )
    def post(self, request: Request) -> Response:
        """Cancel all of the account's orders unless asked again within so many seconds; 0 disarms."""
        return Response(wait_for(trading.cancel_all_after, principal(request), body(request)))


class _OneOrderView(PrivateView):
    """One order, named by the address."""

    name = "id"

    def _find(self, request: Request, value: str) -> Response:
        queries.read_query(request.query_params, ())
        by_id = self.name == "id"
        possible = is_order_id(value) if by_id else is_client_order_id(value)
        if not possible:
            raise Problem("not_found", "there is no such order of this account")
        field = "pk" if by_id else self.name
        rows = models.Order.objects.filter(account=principal(request).account, **{field: value})
        row = next(iter(rows.values_list("market__symbol", *ORDER_FIELDS)), None)  # at most one
        if row is None:
            raise Problem("not_found", "there is no such order of this account")
        return Response(raw(order_text(order_state(row[1:]), spec_by_market()[row[0]])))

    def _cancel(self, request: Request, value: str) -> Response:
        queries.read_query(request.query_params, ())
        return Response(wait_for(trading.cancel_order, principal(request), {self.name: value}))

    def _amend(self, request: Request, value: str) -> Response:
        queries.read_query(request.query_params, ())
        params = amendment_of(self.name, value, body(request))
        return Response(wait_for(trading.amend_order, principal(request), params))


class OrderView(_OneOrderView):
    """An order by its id."""

    @schema(operation_id="order", responses={200: shapes.OrderShape})
    def get(self, request: Request, order_id: str) -> Response:
        """The order as it is now."""
        return self._find(request, order_id)

    @schema(
        operation_id="amend_order",
        request=shapes.AmendShape,
        responses={200: shapes.OrderWithFillsShape},
    )
    def patch(self, request: Request, order_id: str) -> Response:
        """Another price, stop price or total quantity. Less at the same prices keeps time priority."""
        return self._amend(request, order_id)

    @schema(operation_id="cancel_order", responses={200: shapes.OrderShape})
    def delete(self, request: Request, order_id: str) -> Response:
        """Cancel it."""
        return self._cancel(request, order_id)


class OrderByClientIdView(_OneOrderView):
    """An order by its client_order_id."""

    name = "client_order_id"

    @schema(operation_id="order_by_client_id", responses={200: shapes.OrderShape})
    def get(self, request: Request, client_order_id: str) -> Response:
        """The order as it is now."""
        return self._find(request, client_order_id)

    @schema(
        operation_id="amend_order_by_client_id",
        request=shapes.AmendShape,
        responses={200: shapes.OrderWithFillsShape},
    )
    def patch(self, request: Request, client_order_id: str) -> Response:
        """Another price, stop price or total quantity. Less at the same prices keeps time priority."""
        return self._amend(request, client_order_id)

    @schema(operation_id="cancel_order_by_client_id", responses={200: shapes.OrderShape})
    def delete(self, request: Request, client_order_id: str) -> Response:
        """Cancel it."""
        return self._cancel(request, client_order_id)
