/* The page speaks in words: every reason, every kind of order, every code's fields. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as words from "../../markets/static/markets/words.js";
import { cases } from "./cases.js";

const BUY = {
  side: "buy",
  type: "limit",
  price: "100",
  stop_price: null,
  quantity: "2",
  remaining_quantity: "2",
  filled_quantity: "0",
  average_price: null,
  status: "open",
  reason: null,
  display_quantity: null,
  expires_at: null,
  max_slippage: null,
  post_only: false,
  cancel_on_disconnect: false,
  group_role: null,
};
/** An order as the contract writes it: buy 2 at 100, open, but for these fields. */
const order = (fields = {}) => ({ ...BUY, ...fields });

for (const reason of cases.words.reasons) {
  test(`the reason ${reason} is a sentence and no code`, () => {
    const said = words.ending(order({ status: reason === "expired" ? "expired" : "canceled", reason }));

    assert.doesNotMatch(said, /_/);
    assert.ok(!said.endsWith(`: ${reason.replaceAll("_", " ")}.`), "more than the code");
    assert.ok(said.split(" ").length > 3);
  });
}

for (const [fields, said] of [
  [{ status: "filled", filled_quantity: "2", average_price: "99.5" }, "Filled at 99.5 on average."],
  [{ status: "canceled", reason: "cancel_after" }, "Canceled: the dead man's switch went off."],
  [{ status: "canceled", reason: "cancel_on_disconnect" }, "Canceled: its connection was lost."],
  [{ status: "expired", reason: "expired" }, "Expired: its time was up."],
  [
    { status: "canceled", reason: "no_liquidity", filled_quantity: "0.5", average_price: "100", max_slippage: "0.01" },
    "Filled 0.5 at 100 on average; the rest canceled: nobody is left within its slippage.",
  ],
]) {
  test(`what became of an order: ${said}`, () => {
    assert.equal(words.ending(order(fields)), said);
  });
}

for (const [fields, said] of [
  [{}, []],
  [{ type: "stop", price: null, stop_price: "110", status: "untriggered" }, ["Stop: waits for a trade at 110 or above"]],
  [{ type: "stop_limit", side: "sell", stop_price: "90", status: "untriggered" }, ["Stop-limit: waits for a trade at 90 or below"]],
  [{ type: "take_profit", side: "sell", price: null, stop_price: "110", status: "untriggered" }, ["Take profit: waits for a trade at 110 or above"]],
  [{ type: "stop_limit", stop_price: "90" }, ["Triggered at 90"]],
  [{ display_quantity: "0.5" }, ["Shows 0.5 of 2"]],
  [{ post_only: true }, ["Post only"]],
  [{ cancel_on_disconnect: true }, ["Ends with its connection"]],
  [{ group_role: "take_profit", quantity: "0", status: "untriggered" }, ["Bracket: the take profit", "Waits for what the entry brings"]],
]) {
  test(`what its numbers do not say of an order: ${said.join("; ") || "nothing"}`, () => {
    assert.deepEqual(words.details(order(fields)), said);
  });
}

for (const role of cases.words.roles) {
  test(`a group's ${role} has a name`, () => {
    const [said, ...more] = words.details(order({ group_role: role }));

    assert.match(said, /^(OCO|Bracket): [^_]+$/);
    assert.deepEqual(more, []);
  });
}

test("a date is said in the reader's own time", () => {
  const here = new Date("2026-11-22T07:00:05Z");

  const said = words.details(order({ expires_at: "2026-11-22T07:00:05.000000Z" }));

  const day = here.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  assert.deepEqual(said, [`Until ${day}, ${here.toLocaleTimeString("en-GB")}`]);
});

for (const status of cases.words.order_statuses) {
  test(`an order's status ${status} is a word`, () => {
    assert.match(words.statusWord(order({ status })), /^[a-z ]+$/);
  });
}

for (const status of cases.words.market_statuses) {
  test(`a market that is ${status} says what it takes, if not all`, () => {
    assert.equal(words.statusSentence("BTC-USD", status) !== "", status !== "open");
  });
}

for (const [message, said] of [
  ["tick_size 0.01", "Tick size 0.01"],
  ["take_profit.price must be above price", "The take profit must be above the price"],
  ["price must be above stop_loss.stop_price", "Price must be above the stop loss"],
  ["a gtd order needs expires_at", "A gtd order needs the date"],
  ["display_quantity must be at most quantity 1", "The shown quantity must be at most quantity 1"],
]) {
  test(`a message names fields as the page does: ${said}`, () => {
    assert.equal(words.inWords(message), said);
  });
}

test("a ratio's limits are a percentage's", () => {
  assert.equal(words.percentWords("must be a ratio from 0 to 1"), "Give a percentage from 0 to 100.");
  assert.equal(words.percentWords("0.000001 is the smallest ratio"), "Give at most four places after the point.");
});

const STOP = order({ type: "stop", price: null, stop_price: "90", status: "untriggered", group_role: "oco_stop" });
const LIMIT = order({ group_role: "oco_limit" });
const ENTRY = order({ group_role: "entry" });
const PROFIT = order({ group_role: "take_profit", price: "110", quantity: "0", status: "untriggered" });
const LOSS = order({ group_role: "stop_loss", type: "stop", price: null, stop_price: "95", quantity: "0", status: "untriggered" });
const FILLED = { status: "filled", filled_quantity: "2", average_price: "100" };
const canceled = (reason) => ({ status: "canceled", reason });

for (const [placed, said] of [
  [order(), "Placed: buy 2 BTC at 100."],
  [STOP, "Placed: buy 2 BTC, after a trade at 90 or above."],
  [{ type: "oco", orders: [LIMIT, STOP] }, "Placed: buy 2 BTC at 100. Its stop waits for a trade at 90 or above."],
  [
    { type: "oco", orders: [{ ...LIMIT, ...FILLED }, { ...STOP, ...canceled("oco") }] },
    "Bought 2 BTC at 100 on average. Its stop was canceled.",
  ],
  [
    { type: "oco", orders: [{ ...LIMIT, ...canceled("oco") }, { ...STOP, ...FILLED }] },
    "The stop was triggered at once, and the limit order canceled. Bought 2 BTC at 100 on average.",
  ],
  [
    { type: "bracket", orders: [ENTRY, PROFIT, LOSS] },
    "Placed: buy 2 BTC at 100. Take profit at 110 and stop loss at 95 wait for what it brings.",
  ],
  [
    { type: "bracket", orders: [{ ...ENTRY, ...FILLED }, { ...LOSS, quantity: "2" }] },
    "Bought 2 BTC at 100 on average. Stop loss at 95 is in place.",
  ],
  [
    { type: "bracket", orders: [{ ...ENTRY, ...canceled("ioc_remainder") }, { ...PROFIT, ...canceled("bracket") }] },
    "Nothing was bought: no more could be had at once. Take profit at 110 has ended with it.",
  ],
]) {
  test(`what was placed: ${said}`, () => {
    assert.equal(words.outcome(placed, "BTC").text, said);
  });
}

for (const [milliseconds, said] of [[59001, "1:00"], [4000, "0:04"], [1, "0:01"], [-5, "0:00"], [7205000, "2:00:05"]]) {
  test(`of ${milliseconds} ms are left ${said}`, () => {
    assert.equal(words.timeLeft(milliseconds), said);
  });
}
