"""`/ws/v1/trading`: orders in, private orders, fills and balances out.

Rules:
- Logged in by the session, the Authorization header, or a `login` message; until then only that is answered.
- Requests go to their engines in the order they came; each is answered when it is durable, by its req_id.
- A key that was revoked, or a user who was locked out, is disconnected within RECHECK_INTERVAL.
- With `cancel_on_disconnect` at login the orders that this connection places are canceled when it ends,
  however it ends, unless a `logout` was answered before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Final, Literal

import msgspec
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from markets import logs, maintenance, process, trading
from markets.accounts import Principal, principal_of_key
from markets.authentication import principal_of_session
from markets.consumers.connection import Receive, Scope, Send
from markets.consumers.socket import (
    MAX_REQ_ID_LENGTH,
    Request,
    Socket,
    problem_of,
    unknown_method,
)
from markets.hub.outbox import CLOSE_TRY_AGAIN_LATER, Subscription
from markets.known_keys import KNOWN_SECONDS
from markets.limits import account_rate
from markets.matching.spec import MarketSpec
from markets.messages.public import JSON
from markets.messages.transport import Answer
from markets.order_requests import PlainOrder
from markets.private_feed import CHANNELS, PrivateFeed
from markets.problems import Problem

MAX_IN_FLIGHT: Final = 1000
"""Requests of one connection that may wait for their answer; beyond it, `busy`."""
RECHECK_INTERVAL: Final = KNOWN_SECONDS
CLOSE_LOGGED_OUT: Final = 4401
METHODS: Final = (
    "login",
    "logout",
    "submit_order",
    "submit_orders",
    "submit_oco",
    "submit_bracket",
    "amend_order",
    "cancel_order",
    "cancel_all",
    "cancel_all_after",
    "subscribe",
    "unsubscribe",
    "ping",
)

logger = logging.getLogger(__name__)
Verb = Callable[[Principal, dict[str, Any]], Awaitable[object]]


async def trading_consumer(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application of the private socket."""
    await TradingSocket(scope, receive, send, account_rate).run()


async def _submit_order(who: Principal, params: dict[str, Any]) -> object:
    _, order = await trading.submit_order(who, params)
    return order


async def _result_of(answer: Answer, spec: MarketSpec) -> object:
    _, order = await trading.order_answer(answer, spec)
    return order


async def _submit_oco(who: Principal, params: dict[str, Any]) -> object:
    _, group = await trading.submit_oco(who, params)
    return group


async def _submit_bracket(who: Principal, params: dict[str, Any]) -> object:
    _, group = await trading.submit_bracket(who, params)
    return group


UNKNOWN_KEY: Final = Problem("not_authenticated", "the API key is unknown or was revoked")
TRADING_VERBS: Final[dict[str, Verb]] = {
    "submit_order": _submit_order,
    "submit_orders": trading.submit_orders,
    "submit_oco": _submit_oco,
    "submit_bracket": _submit_bracket,
    "amend_order": trading.amend_order,
    "cancel_order": trading.cancel_order,
    "cancel_all": trading.cancel_all,
    "cancel_all_after": trading.cancel_all_after,
}


class PlainFrame(msgspec.Struct, forbid_unknown_fields=True):
    """A `submit_order` of a plain order."""

    method: Literal["submit_order"]
    params: PlainOrder
    req_id: int | Annotated[str, msgspec.Meta(max_length=MAX_REQ_ID_LENGTH)] | None = None


_decode_plain = msgspec.json.Decoder(PlainFrame).decode


class TradingSocket(Socket):
    """One account's connection."""

    kind = "trading"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._who: Principal | None = None
        self._recheck: Callable[[], Principal | None] = lambda: None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sent = 0
        """Plain orders that wait for their answer."""
        self._none_sent = asyncio.Event()
        self._background: list[asyncio.Task[None]] = []
        self._feed: PrivateFeed | None = None

    @property
    def caller(self) -> str:
        """An account's requests count to the account."""
        return self.address if self._who is None else str(self._who.account.pk)

    # Who it is

    async def authenticate(self, headers: dict[bytes, bytes]) -> Problem | None:
        """By header or session; with neither, a login message must follow."""
        header = headers.get(b"authorization")
        if header is not None:
            scheme, _, key = header.decode("latin-1").partition(" ")
            try:
                known = scheme.lower() == "bearer" and await self._log_in_by_key(key.strip())
            except Problem as refusal:
                return refusal
            return None if known else UNKNOWN_KEY
        session_key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        if session_key is not None:
            await self._become(lambda: principal_of_session(session_key))
        return None

    async def _log_in_by_key(self, key: str) -> bool:
        return await self._become(lambda: principal_of_key(key))

    async def _become(self, look_up: Callable[[], Principal | None]) -> bool:
        who = await process.current().hub.read(look_up)
        if who is not None and who.limits is not None:
            who.limits.check(self.address)
        if who is None or (self._who is not None and self._who.account != who.account):
            return False
        first = self._who is None
        self._who = replace(who, connection=None if self._who is None else self._who.connection)
        self._recheck = look_up
        if first:
            self._background.append(asyncio.create_task(self._watch(), name="socket recheck"))
        return True

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._until_recheck())
            if maintenance.words() is not None:
                self.outbox.close(CLOSE_TRY_AGAIN_LATER)
                return
            if self._until_recheck() > 0:
                try:
                    still = await process.current().hub.read(self._recheck)
                except (DatabaseError, InterfaceError):
                    continue  # nobody is locked out because the database is away
                if still is not None:
                    continue
            self.outbox.close(CLOSE_LOGGED_OUT)
            return

    def _until_recheck(self) -> float:
        """Seconds; at 0 a key has expired."""
        limits = None if self._who is None else self._who.limits
        left = RECHECK_INTERVAL if limits is None else limits.seconds_left()
        return max(0.0, min(RECHECK_INTERVAL, left))

    def _principal(self, *, scope: str) -> Principal:
        who = self._who
        if who is None:
            raise Problem("not_authenticated", 'send {"method":"login","params":{"key":"…"}} first')
        if not (who.can_read if scope == "read" else who.can_trade):
            raise Problem("permission_denied", f"this API key lacks the scope {scope!r}")
        return who

    # Requests

    async def on_request(self, request: Request) -> None:
        """Answer what is quick; let the rest be answered by a task of its own."""
        verb = TRADING_VERBS.get(request.method)
        if verb is not None:
            who = self._principal(scope="trade")
            if self._in_flight >= MAX_IN_FLIGHT:
                raise Problem("busy", f"{MAX_IN_FLIGHT} requests of this connection wait already")
            self._start(request, verb(who, request.params))
            return
        match request.method:
            case "ping":
                self.pong(request)
            case "login":
                await self._login(request)
            case "subscribe" | "unsubscribe":
                await self._subscribe(request)
            case "logout":
                await self._logout(request)
            case _:
                raise unknown_method(request, METHODS)

    def take_plain(self, text: str) -> bool:
        """Send a plain order without a task of its own."""
        who = self._who
        if who is None or not who.can_trade or self._in_flight >= MAX_IN_FLIGHT:
            return False
        try:
            frame = _decode_plain(text)
        except msgspec.DecodeError:
            return False
        sent = trading.send_plain_order(
            who, frame.params, partial(self._answer_plain, frame.req_id)
        )
        self._sent += sent
        return sent

    def _answer_plain(self, req_id: int | str | None, spec: MarketSpec, answer: Answer) -> None:
        self._sent -= 1
        if not self._sent:
            self._none_sent.set()
        order = trading.quick_answer(answer)
        if order is None:
            request = Request("submit_order", {}, req_id)
            self._start(request, _result_of(answer, spec))
        else:
            name = req_id if isinstance(req_id, int) else msgspec.json.encode(req_id).decode()
            self.outbox.put(
                f'{{"method":"submit_order","req_id":{name},"success":true,"result":{order}}}'
            )

    @property
    def _in_flight(self) -> int:
        return self._sent + len(self._tasks)

    async def answered(self) -> None:
        """Wait until nothing is in flight."""
        while self._in_flight:
            self._none_sent.clear()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self._sent:
                await self._none_sent.wait()

    def _start(self, request: Request, result: Awaitable[object]) -> None:
        task = asyncio.create_task(self._finish(request, result))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, request: Request, result: Awaitable[object]) -> None:
        logs.about_request(self.request_id)  # its task may be the gateway's child
        try:
            self.answer(request, await result)
        except Exception as error:  # noqa: BLE001 - answered, and logged if it is a defect
            self.answer_problem(request, problem_of(error, request))

    async def _login(self, request: Request) -> None:
        params = request.params
        for name in params:
            if name not in ("key", "cancel_on_disconnect"):
                raise _wrong(name[:64], "is unknown; known are: key, cancel_on_disconnect")
        ends_orders = params.get("cancel_on_disconnect")
        if not isinstance(ends_orders, bool | None):
            raise _wrong("cancel_on_disconnect", "must be true or false")
        key = params.get("key")
        already_in = key is None and ends_orders is not None and self._who is not None
        if not already_in and not isinstance(key, str):
            raise _wrong("key", "must be an API key")
        if isinstance(key, str) and not await self._log_in_by_key(key):
            raise Problem(
                "not_authenticated", "the API key is unknown, was revoked, or is another's"
            )
        who = self._who
        assert who is not None
        if ends_orders and who.connection is None:
            if not who.can_trade:
                raise Problem("permission_denied", "this API key lacks the scope 'trade'")
            self._who = who = replace(who, connection=process.current().gateway.connect())
        result: JSON = {"account": who.account.name}
        if who.connection is not None:
            result["cancel_on_disconnect"] = True
        self.answer(request, result)

    async def _logout(self, request: Request) -> None:
        """Let the connection's orders outlive it, and forget who it was."""
        if request.params:
            raise _wrong(next(iter(request.params))[:64], "is unknown: logout has no params")
        await self.answered()
        who = self._who
        if who is not None and who.connection is not None:
            gateway = process.current().gateway
            failure = await gateway.keep(who.account.pk, who.connection)
            if failure is not None:
                raise Problem(
                    failure.value, "still logged in: the orders would end with this connection"
                )
        self._who = None
        self._stop_background()
        self.answer(request, {})

    def _stop_background(self) -> None:
        """Nobody is logged in: nothing is watched and no private channel is fed."""
        for task in self._background:
            task.cancel()
        self._feed = None

    # Private channels

    async def _subscribe(self, request: Request) -> None:
        who = self._principal(scope="read")
        channels, from_sequence = _private_channels(request)
        if request.method == "unsubscribe":
            if self._feed is not None:
                self._feed.unsubscribe(channels)
            self.answer(request, _channels_json(channels))
            return
        if self._feed is None:
            hub = process.current().hub
            self._feed = PrivateFeed(who.account, hub, self.outbox, _specs)
            feeding = asyncio.create_task(self._feed.run(), name="private feed")
            feeding.add_done_callback(self._feed_ended)
            self._background.append(feeding)
        sequence = self._feed.subscribe(channels, from_sequence)
        result = {**_channels_json(channels), "sequence": await sequence}
        self.answer(request, result)

    def _feed_ended(self, feeding: asyncio.Task[None]) -> None:
        """A feed that cannot go on must not stay silent: the client connects again and replays."""
        if not feeding.cancelled() and (error := feeding.exception()) is not None:
            logger.error("a private feed ended", exc_info=error)
            self.outbox.close(CLOSE_TRY_AGAIN_LATER)

    def catch_up(self, missed: set[Subscription]) -> None:
        """Private messages are never dropped."""

    async def closed(self) -> None:
        """Orders that are on their way stay so, unless they end with the connection; nobody waits for
        their answers.
        """
        tasks = [*self._tasks, *self._background]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._who is not None and self._who.connection is not None:
            try:
                gateway = process.current().gateway
            except process.NotStarted:
                return  # the exchange stops: the engines find out when they start again
            gateway.lost(self._who.account.pk, self._who.connection)


def _specs() -> dict[str, MarketSpec]:
    return {symbol: view.spec for symbol, view in process.current().hub.markets.items()}


def _private_channels(request: Request) -> tuple[tuple[str, ...], int | None]:
    params = request.params
    for name in params:
        if name not in ("channel", "channels", "from_sequence"):
            raise _wrong(name[:64], "is unknown; known are: channel, channels, from_sequence")
    wanted = params.get("channels", [params.get("channel")])
    if not isinstance(wanted, list) or not wanted or any(name not in CHANNELS for name in wanted):
        raise _wrong("channel", f"must be one of: {', '.join(CHANNELS)}")
    from_sequence = params.get("from_sequence")
    if from_sequence is not None and (
        isinstance(from_sequence, bool) or not isinstance(from_sequence, int) or from_sequence < 0
    ):
        raise _wrong("from_sequence", "must be a whole number, the first sequence wanted")
    return tuple(dict.fromkeys(wanted)), None if from_sequence is None else max(from_sequence, 1)


def _channels_json(channels: tuple[str, ...]) -> JSON:
    return {"channel": channels[0]} if len(channels) == 1 else {"channels": list(channels)}


def _wrong(field: str, message: str) -> Problem:
    return Problem("invalid_request", f"{field} {message}", {field: [message]})
