"""What may be asked of the exchange about orders can be asked from a terminal, and the answer read there."""

import json

import pytest

from clients import ExchangeClient
from tests.clients.stand_in import StandIn
from tests.clients.test_commands import Run, no_environment, run

__all__ = ["no_environment", "run"]

VALID = "valid: the exchange would take it; nothing was done\n"


async def test_submit_orders_amend_cancel(exchange: StandIn, run: Run) -> None:
    code, out, _ = await run("submit", "BTC-USD", "buy", "1.50", "100", "--client-order-id", "mine")
    assert (code, out) == (0, "o1: buy 1.5 BTC-USD @ 100: open, filled 0\n")

    _, out, _ = await run("orders")
    assert [line.split()[0] for line in out.splitlines()] == ["id", "o1"]

    _, out, _ = await run("amend", "--client-order-id", "mine", "--quantity", "1")
    assert out == "o1: buy 1 BTC-USD @ 100: open, filled 0\n"

    _, out, _ = await run("cancel", "o1")
    assert out == "o1: buy 1 BTC-USD @ 100: canceled (canceled_by_owner), filled 0\n"

    code, out, err = await run("cancel", "o1")
    assert code == 1
    assert out == "o1: buy 1 BTC-USD @ 100: canceled (canceled_by_owner), filled 0\n"
    assert err == "error: order_not_open: It has ended.\n"

    _, out, _ = await run("orders", "--json")
    assert json.loads(out) == []


@pytest.mark.parametrize(
    "argv",
    [
        ["--post-only", "BTC-USD", "buy", "1", "100"],
        ["BTC-USD", "buy", "--post-only", "1", "100"],
        ["BTC-USD", "buy", "1", "--post-only", "100"],
        ["BTC-USD", "buy", "1", "100", "--post-only"],
    ],
)
async def test_options_may_stand_anywhere(exchange: StandIn, run: Run, argv: list[str]) -> None:
    code, out, _ = await run("submit", *argv)

    assert (code, out) == (0, "o1: buy 1 BTC-USD @ 100: open, filled 0\n")
    assert exchange.orders["o1"]["post_only"] is True


async def test_submit_takes_every_field_of_an_order(exchange: StandIn, run: Run) -> None:
    options = {
        "--time-in-force": "gtd",
        "--expires-at": "2026-11-23T07:00:00Z",
        "--display-quantity": "0.5",
        "--self-trade-prevention": "cancel_oldest",
        "--stop-price": "95",
        "--max-slippage": "0.01",
        "--deadline": "+3600",
        "--type": "stop_limit",
    }

    code, out, _ = await run(
        *("submit", "BTC-USD", "sell", "2", "90"),
        *(word for option in options.items() for word in option),
    )

    assert code == 0
    assert out == (
        "o1: sell 2 BTC-USD stop 95, then @ 90 showing 0.5 until 2026-11-23 07:00:00: untriggered, "
        "filled 0\n"
    )
    order = exchange.orders["o1"]
    assert (order["max_slippage"], order["time_in_force"]) == ("0.01", "gtd")


async def test_a_market_order_may_say_what_it_spends(
    exchange: StandIn, run: Run, bob: ExchangeClient
) -> None:
    await bob.submit_order("BTC-USD", "sell", 10, price=100)

    code, out, _ = await run("submit", "BTC-USD", "buy", "--quote-quantity", "50")

    assert (code, out) == (0, "o2: buy 0.5 BTC-USD at market: filled, filled 0.5\n")


async def test_what_is_only_asked_is_not_done(exchange: StandIn, run: Run) -> None:
    await run("submit", "BTC-USD", "buy", "1", "100")

    for argv in (
        ("submit", "BTC-USD", "buy", "1", "100"),
        ("oco", "BTC-USD", "sell", "1", "110", "90"),
        ("bracket", "BTC-USD", "buy", "1", "--stop-loss", "90"),
        ("amend", "o1", "--price", "99"),
    ):
        assert await run(*argv, "--validate-only") == (0, VALID, "")

    await exchange.set_status("BTC-USD", "halted")
    code, _, err = await run("submit", "BTC-USD", "buy", "1", "100", "--validate-only")
    assert (code, err) == (1, "error: market_not_open: BTC-USD is halted.\n")
    assert list(exchange.orders) == ["o1"]


async def test_what_comes_too_late_is_said(exchange: StandIn, run: Run) -> None:
    code, _, err = await run(
        "submit", "BTC-USD", "buy", "1", "100", "--deadline", "2026-11-22T06:00:00Z"
    )

    assert (code, err) == (1, "error: deadline_passed: Too late.\n")


async def test_an_oco_is_shown_order_by_order(exchange: StandIn, run: Run) -> None:
    code, out, _ = await run(
        *("oco", "BTC-USD", "sell", "1", "110", "90", "--stop-limit", "89"),
        *("--client-order-id", "a", "--stop-client-order-id", "b"),
    )

    assert code == 0
    assert out.splitlines() == [
        "oco o1:",
        "  oco_limit o1: sell 1 BTC-USD @ 110: open, filled 0",
        "  oco_stop o2: sell 1 BTC-USD stop 90, then @ 89: untriggered, filled 0",
    ]
    assert [order["client_order_id"] for order in exchange.orders.values()] == ["a", "b"]


async def test_an_oco_may_begin_with_a_take_profit(exchange: StandIn, run: Run) -> None:
    oco = ("oco", "BTC-USD", "sell", "1", "110", "90")

    await run(*oco, "--take-profit", "--take-profit-slippage", "0.02")
    _, out, _ = await run(*oco, "--take-profit-limit", "109")

    assert exchange.orders["o1"]["type"] == "take_profit"
    assert exchange.orders["o1"]["max_slippage"] == "0.02"
    assert out.splitlines()[1] == (
        "  oco_limit o3: sell 1 BTC-USD take profit 110, then @ 109: untriggered, filled 0"
    )
    await run("bracket", "BTC-USD", "buy", "1", "100", "--take-profit-stop-price", "110")
    assert exchange.orders["o6"]["stop_price"] == "110"


async def test_a_bracket_is_shown_order_by_order(exchange: StandIn, run: Run) -> None:
    waits = "untriggered (waits for its entry's fills), filled 0"

    code, out, _ = await run(
        *("bracket", "BTC-USD", "buy", "1", "100"),
        *("--take-profit", "110", "--stop-loss", "90", "--stop-loss-slippage", "0.02"),
    )

    assert code == 0
    assert out.splitlines() == [
        "bracket o1:",
        "  entry o1: buy 1 BTC-USD @ 100: open, filled 0",
        f"  take_profit o2: sell 0 BTC-USD @ 110: {waits}",
        f"  stop_loss o3: sell 0 BTC-USD stop 90, then at market: {waits}",
    ]
    assert exchange.orders["o3"]["max_slippage"] == "0.02"
    _, out, _ = await run("bracket", "BTC-USD", "buy", "1", "--take-profit", "110", "--json")
    assert json.loads(out)["type"] == "bracket"


async def test_orders_that_wait_show_their_stop_and_those_that_ended_why(
    exchange: StandIn, run: Run, alice: ExchangeClient
) -> None:
    await alice.submit_order("BTC-USD", "buy", 1, price=100)
    _, out, _ = await run("orders")
    assert out.splitlines()[0].split() == [
        *("id", "market", "side", "type", "price", "quantity", "filled_quantity", "status"),
        "client_order_id",
    ]

    await alice.submit_order("BTC-USD", "sell", 1, stop_price=90)
    _, out, _ = await run("orders", "--status", "untriggered")
    assert "  price  stop_price  " in out.splitlines()[0]
    assert "90" in out.splitlines()[1].split()

    await exchange.set_status("BTC-USD", "closed")
    _, out, _ = await run("orders", "--all")
    assert "reason" in out.splitlines()[0]
    assert all("market_closed" in line for line in out.splitlines()[1:])


async def test_a_stop_is_amended(run: Run, alice: ExchangeClient) -> None:
    await alice.submit_order("BTC-USD", "sell", 1, stop_price=90)

    _, out, _ = await run("amend", "o1", "--stop-price", "91.50")

    assert out == "o1: sell 1 BTC-USD stop 91.5, then at market: untriggered, filled 0\n"


async def test_all_orders_are_canceled_or_those_of_a_side(run: Run, alice: ExchangeClient) -> None:
    for side, price in (("buy", 1), ("buy", 2), ("sell", 3)):
        await alice.submit_order("BTC-USD", side, 1, price=price)

    assert await run("cancel", "--all", "--side", "sell") == (0, "canceled 1 orders\n", "")
    assert await run("cancel", "--all") == (0, "canceled 2 orders\n", "")


async def test_the_dead_man_s_switch_is_set_shown_and_disarmed(run: Run) -> None:
    none = "the orders stay: no switch is set\n"
    armed = "all orders are canceled at 2026-11-22 07:01:00 UTC unless this is said again\n"

    assert await run("cancel-after") == (0, none, "")
    assert await run("cancel-after", "60") == (0, armed, "")
    assert await run("cancel-after") == (0, armed, "")
    assert await run("cancel-after", "0") == (0, none, "")
    _, out, _ = await run("cancel-after", "--json")
    assert json.loads(out) == {"cancel_at": None}


async def test_fees_are_listed(run: Run) -> None:
    _, out, _ = await run("fees")

    assert [line.split() for line in out.splitlines()] == [
        ["market", "maker_fee_rate", "taker_fee_rate", "volume_30d", "volume_asset"],
        ["BTC-USD", "-0.0001", "0.001", "5000", "USD"],
        ["ETH-USD", "-0.0001", "0.001", "5000", "USD"],
    ]
