/* What the page adds up beside the exchange: a total, the quantity for it, and what all is worth. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { quantityFor, totalOf } from "../../markets/static/markets/totals.js";
import { worthIn } from "../../markets/static/markets/worth.js";

test("a total is price times quantity, to the last digit", () => {
  assert.equal(totalOf("64000.01", "0.00003"), "1.9200003");
});

test("where one of them is no number above nothing, there is no total", () => {
  for (const [price, quantity] of [["", "1"], ["1", ""], ["ten", "1"], ["0", "1"], ["-1", "1"], ["1e3", "1"]]) {
    assert.equal(totalOf(price, quantity), null);
  }
});

test("a total gives the most whole lots that it is enough for", () => {
  assert.equal(quantityFor("100", "3", "0.001"), "33.333");
  assert.equal(quantityFor("100", "3", "5"), "30");
  assert.equal(quantityFor("100", "7", "0.25"), "14.25");
  assert.equal(quantityFor("1", "64000", "0.001"), "0");
  assert.equal(quantityFor("1", "", "0.001"), null);
});

const MARKETS = [
  { symbol: "BTC-USD", base: "BTC", quote: "USD" },
  { symbol: "ETH-USD", base: "ETH", quote: "USD" },
  { symbol: "ETH-BTC", base: "ETH", quote: "BTC" },
];
const balance = (asset, total) => ({ asset, total, held: "0", available: total });

test("assets are worth what they last traded at, and the sum is of those that are shown", () => {
  const tickers = new Map([
    ["BTC-USD", { last: "64000.5" }],
    ["ETH-USD", { last: "3000.333" }],
    ["ETH-BTC", { last: "9" }],
  ]);
  const { values, sum } = worthIn([balance("BTC", "2"), balance("ETH", "0.1"), balance("USD", "10.5")], MARKETS, tickers, "USD", 2);
  assert.deepEqual(Object.fromEntries(values), { BTC: "128001", ETH: "300.03", USD: "10.5" });
  assert.equal(sum, "128311.53");
});

test("what never traded has no value, and makes no wrong sum", () => {
  const { values, sum } = worthIn([balance("BTC", "2"), balance("DOGE", "9")], MARKETS, new Map([["BTC-USD", { last: null }]]), "USD", 2);
  assert.equal(values.size, 0);
  assert.equal(sum, null);
});
