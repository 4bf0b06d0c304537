/* What the form asks for is what was typed: each type's own fields, and no others. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldOfError, fieldsOf, requestOf, timesInForce } from "../../markets/static/markets/order_types.js";
import { typed } from "./typed.js";

const COMMON = { market: "BTC-USD", side: "buy", self_trade_prevention: "cancel_newest" };
const requested = (fields) => requestOf(typed(fields), "BTC-USD");

test("a limit order asks for what was typed, and for nothing that was not", () => {
  const asked = requested({ price: "100.50", quantity: "1", max_slippage: "9", stop_price: "7" });

  assert.deepEqual(asked, {
    method: "submit_order",
    params: { ...COMMON, type: "limit", price: "100.50", quantity: "1", time_in_force: "gtc", post_only: false },
  });
});

test("a market order has no time in force, and its slippage goes out as a ratio", () => {
  const { params } = requested({ type: "market", quantity: "1", price: "100", max_slippage: "0.5" });

  assert.deepEqual(params, { ...COMMON, type: "market", quantity: "1", max_slippage: "0.005" });
});

test("a market order may be for an amount", () => {
  const { params } = requested({ type: "market", by: "quote", quote_quantity: "50", quantity: "1" });

  assert.deepEqual(params, { ...COMMON, type: "market", quote_quantity: "50" });
});

test("a date goes out with its time zone", () => {
  const { params } = requested({ price: "1", quantity: "1", time_in_force: "gtd", expires_at: "2026-11-22T07:00:05" });

  assert.equal(params.expires_at, new Date(2026, 10, 22, 7, 0, 5).toISOString());
  assert.match(params.expires_at, /Z$/);
});

test("what is no date goes out as it is, for the exchange to refuse", () => {
  const { params } = requested({ price: "1", quantity: "1", time_in_force: "gtd", expires_at: "soon" });

  assert.equal(params.expires_at, "soon");
});

test("a pair has its stop as a part", () => {
  const asked = requested({
    type: "oco", side: "sell", price: "120", stop_price: "90", stop_limit: "89", max_slippage: "1", quantity: "2", display_quantity: "0.5",
  });

  assert.deepEqual(asked, {
    method: "submit_oco",
    params: {
      ...COMMON,
      side: "sell",
      price: "120",
      quantity: "2",
      time_in_force: "gtc",
      post_only: false,
      display_quantity: "0.5",
      stop: { stop_price: "90", price: "89" },
    },
  });
});

test("a bracket has its exits as parts, and its entry's type", () => {
  const asked = requested({ type: "bracket", entry: "market", quantity: "1", take_profit: "110", loss_stop: "95", loss_limit: "94" });

  assert.deepEqual(asked, {
    method: "submit_bracket",
    params: { ...COMMON, type: "market", quantity: "1", take_profit: { price: "110" }, stop_loss: { stop_price: "95", price: "94" } },
  });
});

for (const entry of ["limit", "stop", "stop_limit", "take_profit", "take_profit_limit"]) {
  test(`a bracket whose entry is a ${entry} does not send the part that was left empty`, () => {
    const { params } = requested({ type: "bracket", entry, price: "100", take_profit: "110" });

    assert.ok(!("stop_loss" in params));
    assert.equal(params.type, entry);
  });
}

for (const [type, shown, hidden] of [
  ["limit", ["price", "post_only", "display_quantity"], ["stop_price", "max_slippage"]],
  ["market", ["by", "max_slippage"], ["price", "time_in_force", "display_quantity"]],
  ["stop", ["stop_price", "max_slippage"], ["price", "post_only", "display_quantity"]],
  ["stop_limit", ["stop_price", "price", "display_quantity"], ["post_only", "max_slippage"]],
  ["take_profit", ["stop_price", "max_slippage"], ["price", "post_only", "display_quantity"]],
  ["take_profit_limit", ["stop_price", "price", "display_quantity"], ["post_only", "max_slippage"]],
  ["oco", ["price", "stop_price", "stop_limit", "max_slippage"], ["take_profit", "by"]],
  ["bracket", ["entry", "take_profit", "loss_stop", "loss_limit"], ["stop_limit", "by"]],
]) {
  test(`the type ${type} has its own fields`, () => {
    const fields = fieldsOf(typed({ type }));

    assert.deepEqual(shown.filter((name) => !fields.has(name)), []);
    assert.deepEqual(hidden.filter((name) => fields.has(name)), []);
  });
}

for (const time_in_force of ["ioc", "fok"]) {
  test(`what never rests (${time_in_force}) is neither post only nor an iceberg`, () => {
    const fields = fieldsOf(typed({ time_in_force }));

    assert.deepEqual(["post_only", "display_quantity", "expires_at"].filter((name) => fields.has(name)), []);
  });
}

for (const [values, times] of [
  [{ type: "limit" }, ["gtc", "ioc", "fok", "gtd"]],
  [{ type: "market" }, []],
  [{ type: "stop" }, ["gtc", "gtd"]],
  [{ type: "take_profit" }, ["gtc", "gtd"]],
  [{ type: "oco" }, ["gtc", "gtd"]],
  [{ type: "bracket", entry: "market" }, []],
]) {
  test(`the type ${values.type} may be ${times.join(", ") || "of no time in force"}`, () => {
    assert.deepEqual(timesInForce(typed(values)), times);
  });
}

for (const [name, type, field] of [
  ["price", "limit", "price"],
  ["stop.stop_price", "oco", "stop_price"],
  ["stop.price", "oco", "stop_limit"],
  ["take_profit.price", "bracket", "take_profit"],
  ["take_profit", "bracket", "take_profit"],
  ["stop_loss.stop_price", "bracket", "loss_stop"],
  ["stop_loss.price", "bracket", "loss_limit"],
  ["stop_loss.quantity", "bracket", "quantity"],
  ["type", "limit", "type"],
  ["type", "bracket", "entry"],
  ["deadline", "limit", "within"],
]) {
  test(`an error of ${name}, of the type ${type}, belongs to the field ${field}`, () => {
    assert.equal(fieldOfError(name, type), field);
  });
}
