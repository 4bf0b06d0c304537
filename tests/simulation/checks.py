"""What must be true when a run has ended and healed: of the rows, of what runs, of what clients were told."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from markets import models
from markets.auditing import audit
from markets.matching.types import LIVE
from markets.store import Store
from tests.drivers.proof import picture
from tests.simulation.trader import Trader
from tests.simulation.wishes import JSON, Wish

if TYPE_CHECKING:
    from tests.simulation.world import World

UNIT = 10**8
"""Smallest units of an asset in one."""


def check(world: World) -> None:
    """Everything that was promised."""
    world.trace.note("checks")
    check_rows(world)
    check_engines(world)
    check_books(world)
    for trader in world.traders:
        check_orders(world, trader)
        check_private_messages(world, trader)


def check_rows(world: World) -> None:
    """Money is conserved, holds, fills, sequences and checksums add up."""
    for finding in audit().findings:
        world.trace.violate(f"audit: {finding}")


def check_engines(world: World) -> None:
    """What engines remember is what the rows say."""
    for (name, symbol), loop in world.engines.items():
        engine = loop._batches.engine
        engine.check()
        ours, rows = picture(engine), picture(Store(symbol).load().engine())
        for part in ours:
            world.trace.expect(
                ours[part] == rows[part],
                f"{symbol} in {name}: {part}: {ours[part]!s:.300}, by the rows {rows[part]!s:.300}",
            )


def check_books(world: World) -> None:
    """Every follower has the engine's book, and was told of no trade that never was."""
    for (_, symbol), loop in world.engines.items():
        engine = loop._batches.engine
        truth = (engine.state.sequence, engine.book.checksum)
        for process in world.web_processes():
            assert process.parts is not None
            book = process.parts.hub.markets[symbol].book
            world.trace.expect(
                (book.sequence, book.checksum) == truth, f"{process} has another book of {symbol}"
            )
        for follower in world.followers:
            feed = follower.feeds[symbol]
            if not feed.in_step:
                world.trace.violate(f"{follower.name} {symbol}: {feed.reason}")
                continue
            feed.book.check()
            world.trace.expect(
                (feed.book.sequence, feed.book.checksum) == truth,
                f"{follower.name} has another book of {symbol}",
            )
    trades = {str(key) for key in models.Trade.objects.values_list("pk", flat=True)}
    for follower in world.followers:
        for invented in sorted(follower.trades.keys() - trades):
            world.trace.violate(f"{follower.name} was told of trade {invented}, which never was")


def check_orders(world: World, trader: Trader) -> None:
    """Nothing acknowledged is lost, nothing doubled, and every answer was true."""
    rows = list(models.Order.objects.filter(account=trader.account))
    named = {str(row.client_order_id): row for row in rows}
    anonymous: dict[int, list[models.Order]] = {}
    for row in rows:
        if row.client_order_id is None:
            anonymous.setdefault(row.quantity, []).append(row)
    for wish in trader.wishes:
        who = f"{trader.name}: {wish} told {wish.told}"
        world.trace.expect(wish.settled, f"{who}: no definite answer")
        match wish.method:
            case "submit_order" if wish.client_order_id is None:
                quantity = int(Decimal(wish.params["quantity"]) * UNIT)
                _check_order(world, who, wish, anonymous.get(quantity, []))
            case "submit_order" | "submit_oco":
                found = named.get(str(wish.client_order_id))
                _check_order(world, who, wish, [] if found is None else [found])
            case "cancel_order" if wish.results:
                row = named[str(wish.client_order_id)]
                world.trace.expect(row.status not in LIVE, f"{who}: it is {row.status}")
            case "cancel_order" | "amend_order" if wish.refused == "order_not_open":
                row = named[str(wish.client_order_id)]
                world.trace.expect(row.status not in LIVE, f"{who}: it is {row.status}")


def _check_order(world: World, who: str, wish: Wish, rows: list[models.Order]) -> None:
    # What a layer delivers twice, once to an engine and once to its successor, is known only by its name.
    twice = world.dice.rates.message_repeated and world.changed_hands(
        wish.params["market"], wish.asked_at
    )
    if not twice:
        world.trace.expect(len(rows) <= 1, f"{who}: doubled")
        if wish.nothing_was_done:
            world.trace.expect(not rows, f"{who}: there is an order all the same")
    if wish.results:
        world.trace.expect(rows, f"{who}: lost")
    by_id = {str(row.pk): row for row in rows}
    for result in wish.results:
        if wish.method == "submit_order" and rows:
            row = by_id.get(result["id"])
            world.trace.expect(row, f"{who}: another order {result['id']}")
            filled = int(Decimal(result["filled_quantity"]) * UNIT)
            world.trace.expect(row is None or filled <= row.filled, f"{who}: fills are lost")


def check_private_messages(world: World, trader: Trader) -> None:
    """What an account was told, live or replayed, is what the rows say, without a gap."""
    row = models.Account.objects.get(pk=trader.account)
    world.trace.expect(
        trader.feed.resume_from == row.event_sequence + 1,
        f"{trader.name} wants {trader.feed.resume_from}, the rows end at {row.event_sequence}",
    )
    stored: dict[int, tuple[str, JSON]] = {}
    for events in models.AccountEvents.objects.filter(account=trader.account):
        told = enumerate(json.loads(events.payload), start=events.first_sequence)
        stored.update({sequence: (channel, data[channel]) for sequence, (channel, data) in told})
    for sequence, event in sorted(trader.told.items()):
        world.trace.expect(
            _alike(event, stored.get(sequence)),
            f"{trader.name} was told {event} as {sequence}, the rows say {stored.get(sequence)}",
        )


def _alike(told: tuple[str, Any], stored: tuple[str, Any] | None) -> bool:
    channel, data = told
    return stored is not None and channel == stored[0] and (data is None or data == stored[1])
