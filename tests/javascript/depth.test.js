/* What a book's levels add up to: by eye for the curve, exactly for what is read. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { depthOf, depthTable, fittingShare, levelAt, SHARES, sumTo } from "../../markets/static/markets/depth.js";

const BIDS = [["99", "1"], ["98", "2"], ["90", "4"]];
const ASKS = [["101", "1.5"], ["102", "2"], ["150", "4"]];

test("totals add up from the best outwards, as far as is seen", () => {
  const depth = depthOf(BIDS, ASKS, 0.05);

  assert.deepEqual([depth.middle, depth.low, depth.high], [100, 95, 105]);
  assert.deepEqual(depth.bids, [{ price: 99, total: 1 }, { price: 98, total: 3 }]);
  assert.deepEqual(depth.asks, [{ price: 101, total: 1.5 }, { price: 102, total: 3.5 }]);
  assert.equal(depth.most, 3.5);
});

test("all there is reaches as far to both sides as the side that reaches further", () => {
  const depth = depthOf(BIDS, ASKS, null);

  assert.deepEqual([depth.low, depth.high], [50, 150]);
  assert.deepEqual([depth.bids.length, depth.asks.length], [3, 3]);
  assert.equal(depth.most, 7.5);
});

test("no price is below nothing", () => {
  assert.equal(depthOf([["1", "1"]], [["3", "1"], ["90", "1"]], null).low, 0);
});

test("a book with one side has no middle", () => {
  assert.equal(depthOf([], ASKS, 0.1), null);
  assert.equal(depthOf(BIDS, [], 0.1), null);
  assert.deepEqual(depthTable([], ASKS), []);
  assert.equal(fittingShare([], []), null);
});

test("bids and asks that overlap have a middle between the best of both", () => {
  const depth = depthOf([["102", "1"]], [["100", "1"]], 0.1);

  assert.equal(depth.middle, 101);
  assert.deepEqual([depth.bids[0].price, depth.asks[0].price], [102, 100]);
});

test("at first half of the levels are seen", () => {
  assert.equal(fittingShare(BIDS, ASKS), 0.025);
  assert.equal(fittingShare([["1", "1"]], [["3", "1"]]), null);
  assert.ok(SHARES.includes(null));
});

test("a price points at the last level on the way to it", () => {
  const { bids, asks } = depthOf(BIDS, ASKS, null);

  assert.deepEqual([99.5, 99, 98.5, 98, 60].map((price) => levelAt(bids, price, "buy")), [-1, 0, 0, 1, 2]);
  assert.deepEqual([100.5, 101, 101.5, 102, 200].map((price) => levelAt(asks, price, "sell")), [-1, 0, 0, 1, 2]);
});

test("what is read is added up exactly, however large or fine", () => {
  const levels = [["64000.01", "0.00000001"], ["64000.02", "123456789012345678901.5"]];

  assert.deepEqual(sumTo(levels, 1), {
    price: "64000.02",
    quantity: "123456789012345678901.50000001",
    amount: "7901236965925903696609578.0306400001",
  });
});

test("the table says what is within each share of the middle, its ends with it", () => {
  const rows = depthTable(BIDS, ASKS, ["0.01", "0.05", "1"]);

  assert.deepEqual(rows, [
    { share: "0.01", bids: "1", asks: "1.5" },
    { share: "0.05", bids: "3", asks: "3.5" },
    { share: "1", bids: "7", asks: "7.5" },
  ]);
});
