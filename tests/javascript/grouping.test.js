/* A book's levels are put together by steps of the tick, exactly, and nobody is promised a better price. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { groupBook, groupOf, ownByGroup, share, stepsFor, takenUpTo } from "../../markets/static/markets/grouping.js";

/** All groups of a side, as [price, quantity, total]. */
function told(grouped) {
  return Array.from({ length: grouped.count }, (_, rank) => {
    const { price, quantity, total } = grouped.level(rank);
    return [price, quantity, total];
  });
}

test("without grouping each level is itself, with the total up to it", () => {
  const { bids, asks } = groupBook([["99.5", "2"], ["99", "0.5"]], [["100", "1.25"]], "0.5");
  assert.deepEqual(told(bids), [["99.5", "2", "2"], ["99", "0.5", "2.5"]]);
  assert.deepEqual(told(asks), [["100", "1.25", "1.25"]]);
});

test("bids go down to a whole step and asks up", () => {
  const { bids, asks } = groupBook(
    [["109.99", "1"], ["101", "2"], ["100", "3"], ["99.99", "4"]],
    [["110", "1"], ["110.01", "2"], ["120", "3"], ["120.01", "4"]],
    "10",
  );
  assert.deepEqual(told(bids), [["100", "6", "6"], ["90", "4", "10"]]);
  assert.deepEqual(told(asks), [["110", "1", "1"], ["120", "5", "6"], ["130", "4", "10"]]);
});

test("sums are exact where a float's would not be", () => {
  const { bids } = groupBook([["0.3", "0.1"], ["0.29", "0.2"]], [], "0.1");
  assert.deepEqual(told(bids), [["0.3", "0.1", "0.1"], ["0.2", "0.2", "0.3"]]);
  const huge = groupBook([], [["123456789012345678.01", "0.00000001"], ["123456789012345678.02", "90071992547409930"]], "0.05");
  assert.deepEqual(told(huge.asks), [["123456789012345678.05", "90071992547409930.00000001", "90071992547409930.00000001"]]);
});

test("grouping loses nothing: the last total is the side's whole quantity, whatever the step", () => {
  const bids = Array.from({ length: 1000 }, (_, at) => [`${(100000 - at * 7).toString().replace(/(..)$/, ".$1").replace(/\.?0+$/, "")}`, "0.3"]);
  for (const step of ["0.01", "0.05", "0.1", "1", "5", "100"]) {
    const { bids: grouped } = groupBook(bids, [], step);
    assert.equal(grouped.level(grouped.count - 1).total, "300");
  }
});

test("bids below one step are all in the group at nothing", () => {
  assert.deepEqual(told(groupBook([["3", "1"], ["2", "1"]], [], "10").bids), [["0", "2", "2"]]);
});

test("an empty side has no groups, and its total is nothing", () => {
  const { bids } = groupBook([], [], "1");
  assert.equal(bids.count, 0);
  assert.equal(bids.totalUnits(7), 0n);
});

test("a bar is a share of the most, between nothing and all", () => {
  assert.equal(share(1n, 4n), 0.25);
  assert.equal(share(4n, 4n), 1);
  assert.equal(share(0n, 0n), 0);
});

test("the steps are the tick, then 1 and 5 times powers of ten, as far as the price goes", () => {
  assert.deepEqual(stepsFor("0.01", "64000"), ["0.01", "0.05", "0.1", "0.5", "1", "5", "10", "50", "100"]);
  assert.deepEqual(stepsFor("0.01", "30"), ["0.01", "0.05", "0.1", "0.5"]);
  assert.deepEqual(stepsFor("1", "1000"), ["1", "5", "10"]);
});

test("every step is a whole number of ticks", () => {
  assert.deepEqual(stepsFor("0.25", "1000"), ["0.25", "0.5", "1", "5", "10"]);
  assert.deepEqual(stepsFor("0.03", "100"), ["0.03"]);
  assert.deepEqual(stepsFor("0.5", "10000"), ["0.5", "1", "5", "10", "50", "100"]);
});

test("where nothing has a price yet there are steps to choose from all the same", () => {
  assert.deepEqual(stepsFor("0.01", null), ["0.01", "0.05", "0.1", "0.5", "1", "5", "10"]);
});

test("an order is in the group that its level is in", () => {
  assert.equal(groupOf("buy", "109.99", "10"), "100");
  assert.equal(groupOf("sell", "110.01", "10"), "120");
  assert.equal(groupOf("sell", "110", "10"), "110");
});

test("one's own orders are added up in their groups, side by side", () => {
  const orders = [
    { side: "buy", price: "101", quantity: "0.1" },
    { side: "buy", price: "102", quantity: "0.2" },
    { side: "sell", price: "102", quantity: "1" },
  ];
  assert.deepEqual([...ownByGroup(orders, "10")], [["buy:100", "0.3"], ["sell:110", "1"]]);
});

test("taking all up to a price says its quantity, its amount and its average", () => {
  const asks = [["100", "1"], ["101", "1"], ["110", "5"]];
  assert.deepEqual(takenUpTo(asks, "sell", "101", 4), { quantity: "2", amount: "201", average: "100.5" });
  const bids = [["99", "1"], ["98", "2"], ["90", "5"]];
  assert.deepEqual(takenUpTo(bids, "buy", "95", 4), { quantity: "3", amount: "295", average: "98.3333" });
  assert.equal(takenUpTo(bids, "buy", "100", 4), null);
});
