"""Checks: whether markets and accounts are fit for a recording, before and after it is played.

Rules:
- All that can be known before the first order is checked before it, and each complaint says what to
  do about it, down to the operator's command.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from clients.client import ExchangeClient
from clients.decimals import canonical
from clients.records import Market
from clients.scripts.options import Stop
from clients.scripts.replay.recording import Insert, Needs, Recording

MANAGE = ".venv/bin/python manage.py"

BOOK_TIMEOUT = 10.0
"""Seconds in which a local book must have caught up with the last command."""

TICK_SIZE, LOT_SIZE = 100, 1
"""What a market for these recordings is made with."""


async def find_markets(
    exchange: ExchangeClient, names: Sequence[str], instruments: Sequence[int]
) -> dict[int, Market]:
    """Return each instrument's market; without names, the exchange's only one or two.

    With fewer markets than instruments the first instruments are played.
    """
    there = {market.symbol: market for market in await exchange.markets()}
    if not names and len(there) in (1, 2):
        names = list(there)
    if not names:
        raise Stop(
            f"say with --market where to play instrument {instruments[0]}: the exchange has "
            f"{', '.join(there) or 'no market'}. A market for it is made with\n  {make_market()}",
            code=2,
        )
    if len(names) > len(instruments):
        raise Stop(f"{len(names)} markets for {len(instruments)} instruments", code=2)
    for name in names:
        if name not in there:
            raise Stop(f"there is no market {name}; it is made with\n  {make_market(name)}")
    return {number: there[name] for number, name in zip(instruments, names, strict=False)}


def check_steps(recording: Recording, markets: Mapping[int, Market]) -> None:
    """Raise Stop where a price or a quantity does not fit its market."""
    for step in recording.steps:
        if not isinstance(step, Insert):
            continue
        market = markets[step.instrument]
        for number, size, name in (
            (step.price, market.tick_size, "tick_size"),
            (step.quantity, market.lot_size, "lot_size"),
        ):
            if Decimal(number) % size:
                raise Stop(
                    f"{number} on line {step.line} is no multiple of {market.symbol}'s {name} "
                    f"{canonical(size)}; a market that fits is made with\n"
                    f"  {make_market(market.base + '2-' + market.quote)}"
                )


async def check_empty(exchange: ExchangeClient, markets: Mapping[int, Market]) -> None:
    """Raise Stop where a market is not open or has orders: they would change the outcome."""
    for market in markets.values():
        if market.status != "open":
            raise Stop(f"{market.symbol} is {market.status}; open it first")
        book = await exchange.book(market.symbol)
        if book.bids or book.asks:
            levels = len(book.bids) + len(book.asks)
            raise Stop(
                f"the book of {market.symbol} has {levels} levels and must be empty: cancel its "
                f"orders, or make a new market with\n  {make_market(market.base + '2-' + market.quote)}"
            )


def what_to_open(needs: Needs, markets: Mapping[int, Market]) -> str:
    """Return the two commands that open accounts with enough funds."""
    quote = next(iter(markets.values())).quote
    base = " ".join(f"--deposit {markets[n].base}={most}" for n, most in needs.base.items())
    return (
        f"  {MANAGE} open_account buyer --deposit {quote}={needs.quote} --api-key\n"
        f"  {MANAGE} open_account seller {base} --api-key"
    )


async def check_funds(
    buyer: ExchangeClient, seller: ExchangeClient, needs: Needs, markets: Mapping[int, Market]
) -> None:
    """Raise Stop where an account has too little for the whole recording."""
    quote = next(iter(markets.values())).quote
    wanted = [(buyer, "buyer", quote, needs.quote)]
    wanted += [(seller, "seller", markets[n].base, most) for n, most in needs.base.items()]
    for account, name, asset, most in wanted:
        balances = {balance.asset: balance.available for balance in await account.balances()}
        available = balances.get(asset, Decimal(0))
        if available < most:
            raise Stop(
                f"the {name} has {canonical(available)} {asset} available and needs {most}; "
                f"deposit it with\n"
                f"  {MANAGE} open_account {name} --deposit {asset}={canonical(most - available)}\n"
                f"or open both accounts with\n{what_to_open(needs, markets)}"
            )


async def books_agree(exchange: ExchangeClient, symbol: str) -> str:
    """Compare the local book with GET book; returns a complaint, or "" where both are the same."""
    live = await exchange.local_book(symbol)
    told = (await exchange.book(symbol)).verified()
    await live.wait_for_sequence(told.sequence, BOOK_TIMEOUT)
    if live.sequence == told.sequence and not live.book.same_levels(told):
        return f"{symbol}: the local book differs from the exchange's at {told.sequence}"
    return ""


def make_market(symbol: str = "FUT-USD") -> str:
    """Return the command that makes a market fit for these recordings."""
    return f"{MANAGE} create_market {symbol} --tick-size {TICK_SIZE} --lot-size {LOT_SIZE}"
