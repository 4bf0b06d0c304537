/* What the form says an order would come to is exact, and as far as the exchange would let it go.
 * The book is 1 @ 99, 2 @ 98 and 1 @ 101, 2 @ 102. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { affordable, affordableAmount, bandLimit, estimate, feeOn, worstPrice } from "../../markets/static/markets/estimate.js";
import { LocalBook } from "../../markets/static/markets/local_book.js";
import { cases } from "./cases.js";
import { typed } from "./typed.js";

const RULES = { base: "BTC", quote: "USD", tick_size: "0.01", lot_size: "0.001", base_decimals: 8, quote_decimals: 8 };
const BOOK = new LocalBook("BTC-USD");
BOOK.replace(1, [["99", "1"], ["98", "2"]], [["101", "1"], ["102", "2"]]);

const market = (terms = {}) => ({ rules: RULES, book: BOOK, band: null, reference: null, rates: { maker: "0", taker: "0.001" }, ...terms });

for (const [values, label, amount, short = ""] of [
  [{ price: "100.01", quantity: "0.3" }, "Cost, at most", "30.003"],
  [{ side: "sell", price: "9", quantity: "2" }, "Proceeds, at least", "18"],
  [{ type: "market", quantity: "2" }, "Cost, about", "203"],
  [{ type: "market", side: "sell", quantity: "1.5" }, "Proceeds, about", "148"],
  [{ type: "market", quantity: "4" }, "Cost, about", "305", "and the book is empty"],
  [{ type: "market", quantity: "2", max_slippage: "0.5" }, "Cost, about", "101", "and no more within its limit"],
  [{ type: "market", by: "quote", quote_quantity: "152" }, "Buys, about", "1.5"],
  [{ type: "market", side: "sell", by: "quote", quote_quantity: "148" }, "Sells, about", "1.5"],
  [{ type: "stop", stop_price: "110", quantity: "1" }, "Cost, at most", "121"],
  [{ type: "stop", stop_price: "110", quantity: "1", max_slippage: "1" }, "Cost, at most", "111.1"],
  [{ type: "stop", side: "sell", stop_price: "90", quantity: "1" }, "Proceeds, about", "90"],
  [{ type: "stop_limit", stop_price: "110", price: "112", quantity: "1" }, "Cost, at most", "112"],
  [{ type: "oco", price: "95", stop_price: "110", quantity: "2" }, "Cost, at most", "242"],
  [{ type: "oco", side: "sell", price: "120", stop_price: "90", stop_limit: "89", quantity: "2" }, "Proceeds, at least", "178"],
  [{ type: "bracket", entry: "market", quantity: "1", take_profit: "110" }, "Cost, about", "101"],
]) {
  test(`${JSON.stringify(values)} would come to: ${label} ${amount} ${short}`, () => {
    const found = estimate(typed(values), market());

    assert.deepEqual([found.label, found.amount, found.short], [label, amount, short]);
  });
}

for (const values of [{}, { price: "1" }, { price: "x", quantity: "1" }, { type: "oco", price: "1" }]) {
  test(`nothing is said of an order that is not whole: ${JSON.stringify(values)}`, () => {
    assert.equal(estimate(typed(values), market()), null);
  });
}

test("a market order goes no further than the price band", () => {
  const found = estimate(typed({ type: "market", quantity: "2" }), market({ band: "0.01", reference: "100.5" }));

  assert.deepEqual([found.amount, found.short], ["101", "and no more within its limit"]);
});

test("of the price band and a slippage, the nearer one is the limit", () => {
  const found = estimate(typed({ type: "market", quantity: "2", max_slippage: "0.5" }), market({ band: "0.1", reference: "100.5" }));

  assert.equal(found.amount, "101");
});

for (const [values, quantity] of [
  [{ price: "300" }, "0.333"],
  [{ side: "sell", price: "300" }, "100"],
  [{ type: "market" }, "0.99"],
  [{ type: "market", max_slippage: "10" }, "0.9"],
  [{ type: "stop", stop_price: "200" }, "0.454"],
  [{ type: "stop_limit", stop_price: "200", price: "250" }, "0.4"],
  [{ type: "oco", price: "90", stop_price: "200", stop_limit: "250" }, "0.4"],
  [{ type: "bracket", side: "sell", price: "50", loss_stop: "200" }, "0.454"],
  [{ price: "" }, null],
]) {
  test(`a hundred of each are enough for ${quantity}: ${JSON.stringify(values)}`, () => {
    assert.equal(affordable(typed(values), "100", () => "100", market()), quantity);
  });
}

for (const [side, amount] of [["buy", "50"], ["sell", "295"]]) {
  test(`half of it spends or brings: ${side} ${amount}`, () => {
    assert.equal(affordableAmount(typed({ type: "market", side, by: "quote" }), "50", () => "100", market()), amount);
  });
}

test("a fee is rounded up to the smallest unit of what is received", () => {
  assert.deepEqual(feeOn("buy", "0.00000001", "1", "0.0005", RULES), { fee: "0.00000001", asset: "BTC" });
});

test("a fee is the account's own; a resting order may pay either rate, the higher one at most", () => {
  const rates = { maker: "0.003", taker: "0.002" };

  assert.equal(estimate(typed({ price: "100", quantity: "2" }), market({ rates })).fee.fee, "0.006");
  assert.equal(estimate(typed({ type: "market", quantity: "1" }), market({ rates })).fee.fee, "0.002");
});

test("how far an order may go is the last whole tick within the ratio", () => {
  for (const [price, ratio, high, low] of cases.worst_prices) {
    assert.deepEqual([worstPrice("buy", price, ratio, "0.01"), worstPrice("sell", price, ratio, "0.01")], [high, low]);
  }
});

test("there is no band without a reference, and none where the market has none", () => {
  assert.equal(bandLimit("buy", null, market({ band: "0.1" })), null);
  assert.equal(bandLimit("buy", "100", market()), null);
  assert.equal(bandLimit("buy", "100", market({ band: "0.1" })), "110");
});
