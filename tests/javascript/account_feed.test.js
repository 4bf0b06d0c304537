/* An account's messages are each taken once, whatever comes: as the Python client does. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { AccountFeed, Gap } from "../../markets/static/markets/account_feed.js";
import { EndedOrders } from "../../markets/static/markets/ended_orders.js";
import { cases } from "./cases.js";

function judge(feed, [type, channel, sequence]) {
  try {
    const events = feed.receive({ channel, type, data: { sequence, [channel]: [] } });
    return [events.map((event) => event.sequence), feed.resumeFrom];
  } catch (error) {
    if (!(error instanceof Gap)) throw error;
    return ["gap", feed.resumeFrom];
  }
}

for (const [seed, { messages, judged }] of cases.private_feeds.entries()) {
  test(`messages that are lost, repeated and held back are judged as by the Python client, by seed ${seed}`, () => {
    const feed = new AccountFeed();

    assert.deepEqual(messages.map((message) => judge(feed, message)), judged);
  });
}

test("what cannot be read is a gap, and what is not the account's is nothing", () => {
  const feed = new AccountFeed();

  assert.throws(() => feed.receive({ channel: "orders", type: "update", data: { sequence: "7", orders: [] } }), Gap);
  assert.throws(() => feed.receive({ channel: "orders", type: "update", data: { sequence: 7 } }), Gap);
  assert.deepEqual(feed.receive({ channel: "system", type: "status", data: {} }), []);
});

test("who starts over is given snapshots", () => {
  const feed = new AccountFeed();
  for (const channel of ["orders", "fills", "balances"]) judge(feed, ["snapshot", channel, 5]);
  assert.equal(feed.resumeFrom, 6);

  feed.startOver();

  assert.equal(feed.resumeFrom, null);
});

const ended = (id, minute, status = "canceled") => ({ id, status, updated_at: `2026-11-22T07:${String(minute).padStart(2, "0")}:00.000000Z` });

test("the order that ended last comes first, whoever tells of it", () => {
  const orders = new EndedOrders();

  orders.take([ended("7", 3), ended("8", 1, "open")]);
  orders.take([ended("11", 9, "filled"), ended("9", 3), ended("7", 3), ended("10", 3, "expired")]);

  assert.deepEqual(orders.all().map(({ id }) => id), ["11", "10", "9", "7"]);
});

test("only so many ended orders are kept", () => {
  const orders = new EndedOrders();

  for (let id = 1; id <= 1000; id += 1) {
    orders.take([{ id: String(id), status: "filled", updated_at: `2026-11-22T07:00:00.${String(id).padStart(6, "0")}Z` }]);
  }

  assert.equal(orders.all().length, 100);
  assert.equal(orders.all()[0].id, "1000");
});
