"""`/ws-api/v3`: requests by name, each answered by its id as REST would answer it.

Rules:
- Requests are carried out beside each other, at most MAX_IN_FLIGHT of them; those that change who asks, or
  what is followed, one after the other.
- The answer to a subscription comes before its first event. Events carry the subscription's number.
- What is no request counts against a rate of its own (`connections`), all else as REST's requests do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from markets import clock, logs
from markets.accounts import Principal
from markets.binance import usage
from markets.binance.calls import JSON, Access, Call, Request, as_dialect_error, carry_out
from markets.binance.connections import DialectConnection, serve
from markets.binance.errors import (
    ALREADY_SUBSCRIBED,
    BUSY,
    REJECTED_KEY,
    TOO_MANY_REQUESTS,
    UNSUPPORTED,
    DialectError,
    not_valid,
    translated,
)
from markets.binance.parameters import Parameters
from markets.binance.socket_api.methods import METHODS
from markets.binance.socket_api.requests import (
    BAD_JSON,
    NO_LIMITS,
    ApiRequest,
    Unreadable,
    read_api_request,
)
from markets.binance.socket_api.session import Session, is_in_force
from markets.binance.streams.requests import Id
from markets.binance.time_unit import now_json, time_json
from markets.binance.user_data.subscriptions import Subscriptions
from markets.consumers.connection import Receive, Scope, Send
from markets.faults.in_force import in_force
from markets.faults.line import OrderAsked
from markets.matching.types import SECOND
from markets.problems import Problem
from markets.signing_keys import SigningKey

MAX_IN_FLIGHT: Final = 1000

Verb = Callable[["ApiSocket", ApiRequest], Awaitable[object]]


async def api_consumer(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application of the WebSocket API."""
    await serve(ApiSocket, scope, receive, send)


class ApiSocket(DialectConnection):
    """A program's connection."""

    kind = "ws_api"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        self._limits = query.get(NO_LIMITS, ["true"])[-1] != "false"
        self._session = Session(self.address, now_json(), self.now)
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscriptions = Subscriptions(self.outbox)
        self._numbers = count()

    async def opened(self) -> None:
        """Whoever connects says what it wants."""

    # Requests and answers

    def order_asked(self, text: str) -> OrderAsked | None:
        """What a frame asks about orders; None: nothing."""
        try:
            request = read_api_request(text)
        except Unreadable:
            return None
        call = METHODS.get(request.method)
        if call is None or call.access is not Access.TRADE:
            return None
        return OrderAsked(request.id, partial(_refused, request))

    async def take(self, text: str) -> None:
        """Carry out a request, or let a task do it."""
        request: ApiRequest | None = None
        try:
            request = read_api_request(text)
            if in_force:  # before it is known whose key it is: what it suffers harms nobody else
                self.names_key(request.texts.get("apiKey", ""))
            verb = VERBS.get(request.method)
            if verb is not None:
                usage.spend(self.address, None, 1)
                result = await verb(self, request)
                if result is not None:
                    self._answer(request, result)
                return
            call = METHODS.get(request.method)
            if call is None:
                raise Unreadable(UNSUPPORTED, request.id)
            if len(self._tasks) >= MAX_IN_FLIGHT:
                raise DialectError(BUSY)
            task = asyncio.create_task(self._carry_out(request, call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        except Unreadable as error:
            said = TOO_MANY_REQUESTS if self.speaks_too_much() else error.said
            self._refuse_request(error.request_id, DialectError(said), None)
        except Exception as error:  # noqa: BLE001 - answered, and logged if it is a defect
            request_id = None if request is None else request.id
            self._refuse_request(request_id, as_dialect_error(error), request)

    async def _carry_out(self, request: ApiRequest, call: Call) -> None:
        logs.about_request(self.request_id)
        asked = Request(Parameters(request.texts), self.address)
        try:
            if call.access is not Access.NONE:
                name, key = await self._session.key_for(
                    request, signed=call.access is not Access.KEY
                )
                asked.known, asked.api_key = key.who, name
            result = await carry_out(call, asked)
        except Exception as error:  # noqa: BLE001 - answered, and logged if it is a defect
            self._refuse_request(request.id, as_dialect_error(error), request, asked.known)
        else:
            self._answer(request, result, asked.known if call.orders else None)

    def _answer(
        self, request: ApiRequest, result: object, placed_by: Principal | None = None
    ) -> None:
        answer: JSON = {"id": request.id, "status": 200, "result": result}
        self.put(answer | self._rate_limits(request, placed_by))

    def _refuse_request(
        self,
        request_id: Id,
        error: DialectError,
        request: ApiRequest | None,
        who: Principal | None = None,
    ) -> None:
        body = error.as_json()
        if error.retry_after is not None:
            body.setdefault("data", {"serverTime": now_json(), "retryAfter": _later(error)})
        answer: JSON = {"id": request_id, "status": error.status, "error": body}
        self.put(answer | self._rate_limits(request, who))

    def _rate_limits(self, request: ApiRequest | None, who: Principal | None) -> JSON:
        wanted = None if request is None else request.wants_limits
        if not (self._limits if wanted is None else wanted):
            return {}
        return {"rateLimits": usage.limits_json(self.address, who, orders_too=who is not None)}

    def refuse_binary(self) -> None:
        """Requests are texts."""
        self._refuse_request(None, DialectError(BAD_JSON), None)

    # The session

    def _session_json(self) -> JSON:
        return self._session.as_json(limits=self._limits, user_data=bool(self._subscriptions.names))

    async def log_on(self, request: ApiRequest) -> JSON:
        """`session.logon`."""
        await self._session.log_on(request)
        return self._session_json()

    async def tell_session(self, request: ApiRequest) -> JSON:
        """`session.status`."""
        del request
        return self._session_json()

    async def log_out(self, request: ApiRequest) -> JSON:
        """`session.logout`: what it had subscribed ends, too."""
        del request
        self._session.log_out()
        for number in self._subscriptions.names_of(by_session=True):
            self._subscriptions.end(number)
        return self._session_json()

    # User data

    async def subscribe(self, request: ApiRequest) -> None:
        """`userDataStream.subscribe`: the session's account."""
        if self._session.api_key is None:
            raise DialectError(REJECTED_KEY)
        name, key = await self._session.key_for(request, signed=False)
        await self._begin(request, name, key, by_session=True)

    async def subscribe_signed(self, request: ApiRequest) -> None:
        """`userDataStream.subscribe.signature`: the account of a key that signs."""
        Parameters(request.texts).require("apiKey")
        name, key = await self._session.key_for(request, signed=True)
        await self._begin(request, name, key, by_session=False)

    async def _begin(
        self, request: ApiRequest, name: str, key: SigningKey, *, by_session: bool
    ) -> None:
        if not await is_in_force(name, self.address):
            raise DialectError(REJECTED_KEY)
        if self._subscriptions.follows(key.who.account.pk):
            raise DialectError(ALREADY_SUBSCRIBED)
        number = next(self._numbers)
        await self._subscriptions.begin(
            number,
            key.who,
            partial(is_in_force, name, self.address),
            put=lambda event: self.put({"subscriptionId": number, "event": event}),
            answer=lambda: self._answer(request, {"subscriptionId": number}),
            by_session=by_session,
        )

    async def unsubscribe(self, request: ApiRequest) -> None:
        """`userDataStream.unsubscribe`: one, or all."""
        wanted = Parameters(request.texts).integer("subscriptionId")
        numbers = self._subscriptions.names
        if wanted is not None:
            if wanted not in numbers:
                raise not_valid("subscriptionId")
            numbers = [wanted]
        self._answer(request, {})
        for number in numbers:
            self._subscriptions.end(number)

    async def tell_subscriptions(self, request: ApiRequest) -> list[JSON]:
        """`session.subscriptions`."""
        del request
        return [{"subscriptionId": number} for number in self._subscriptions.names]

    # The end

    def say_stopping(self) -> None:
        """Tell the client that this process stops."""
        self.put({"event": self.shutdown_event()})

    async def answered(self) -> None:
        """Wait until nothing is in flight."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def closed(self) -> None:
        """Nobody waits for answers any more; orders that are on their way stay so."""
        await super().closed()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._subscriptions.close()


def _refused(request: ApiRequest, problem: Problem) -> str:
    error = translated(problem)
    answer = {"id": request.id, "status": error.status, "error": error.as_json()}
    return msgspec.json.encode(answer).decode()


def _later(error: DialectError) -> int:
    """When to come back."""
    return time_json(clock.now() + SECOND * (error.retry_after or 0))


VERBS: Final[dict[str, Verb]] = {
    "session.logon": ApiSocket.log_on,
    "session.status": ApiSocket.tell_session,
    "session.logout": ApiSocket.log_out,
    "session.subscriptions": ApiSocket.tell_subscriptions,
    "userDataStream.subscribe": ApiSocket.subscribe,
    "userDataStream.subscribe.signature": ApiSocket.subscribe_signed,
    "userDataStream.unsubscribe": ApiSocket.unsubscribe,
}
"""Methods of the connection itself; those that answer by themselves return None."""
