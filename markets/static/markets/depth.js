/* Depth: what the levels of a book add up to, for a chart of it. No page.
 *
 * Rules:
 * - A share is how far from the middle one looks, to each side: 0.01 is one per cent; null is all there is.
 * - Steps are Numbers, to draw with. What is read, of the one level that is pointed at or of a table's row, is
 *   added up exactly from the decimals.
 * - Bids and asks that overlap (auctions) have a middle all the same, and it is between the best of both.
 */

import { add, compare, multiply, subtract } from "./decimal.js";

/** @import { Decimal, Level, Side } from "./types.js" */

/** @typedef {{ price: number, total: number }} Step */

/**
 * @typedef {object} Depth
 * @property {number} middle
 * @property {number} low   the lowest price that is seen
 * @property {number} high  the highest
 * @property {number} most  the largest total that is seen
 * @property {Step[]} bids  from the best on, each with the quantity up to it
 * @property {Step[]} asks
 */

export const SHARES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, null];
/** How far each row of the table looks. */
export const TABLE_SHARES = ["0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1"];

/** What is within a share of the middle; null: a side is empty.
 * @param {Level[]} bids @param {Level[]} asks  best first @param {number | null} share @returns {Depth | null} */
export function depthOf(bids, asks, share) {
  if (!bids.length || !asks.length) return null;
  const middle = (Number(bids[0][0]) + Number(asks[0][0])) / 2;
  const reach = share === null ? Math.max(middle - Number(bids.at(-1)?.[0]), Number(asks.at(-1)?.[0]) - middle) : middle * share;
  const low = Math.max(middle - reach, 0);
  const high = middle + reach;
  const seen = { bids: stepsOf(bids, (price) => price >= low), asks: stepsOf(asks, (price) => price <= high) };
  const most = Math.max(seen.bids.at(-1)?.total ?? 0, seen.asks.at(-1)?.total ?? 0);
  return { middle, low, high, most, ...seen };
}

/** @param {Level[]} levels @param {(price: number) => boolean} isSeen @returns {Step[]} */
function stepsOf(levels, isSeen) {
  /** @type {Step[]} */
  const steps = [];
  let total = 0;
  for (const [priceText, quantity] of levels) {
    const price = Number(priceText);
    if (!isSeen(price)) break;
    total += Number(quantity);
    steps.push({ price, total });
  }
  return steps;
}

/** The smallest share that shows half of the levels of the side that reaches less far.
 * @param {Level[]} bids @param {Level[]} asks */
export function fittingShare(bids, asks) {
  if (!bids.length || !asks.length) return null;
  const middle = (Number(bids[0][0]) + Number(asks[0][0])) / 2;
  const reach = (/** @type {Level[]} */ levels) => Math.abs(Number(levels[levels.length >> 1][0]) - middle) / middle;
  const wanted = Math.min(reach(bids), reach(asks));
  return SHARES.find((share) => share === null || share >= wanted) ?? null;
}

/** The place of the last level on the way from the best to a price; -1: the price is better than all.
 * @param {Step[]} steps @param {number} price @param {Side} side */
export function levelAt(steps, price, side) {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (side === "buy" ? steps[middle].price >= price : steps[middle].price <= price) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What the best levels come to, up to and with the one at a place, exactly.
 * @param {Level[]} levels @param {number} place @returns {{ price: Decimal, quantity: Decimal, amount: Decimal }} */
export function sumTo(levels, place) {
  let [quantity, amount] = ["0", "0"];
  for (const [price, offered] of levels.slice(0, place + 1)) {
    quantity = add(quantity, offered);
    amount = add(amount, multiply(price, offered));
  }
  return { price: levels[place][0], quantity, amount };
}

/** What there is within each of some shares of the middle, exactly.
 * @param {Level[]} bids @param {Level[]} asks @param {Decimal[]} [shares]  the nearest first
 * @returns {{ share: Decimal, bids: Decimal, asks: Decimal }[]} */
export function depthTable(bids, asks, shares = TABLE_SHARES) {
  if (!bids.length || !asks.length) return [];
  const middle = multiply(add(bids[0][0], asks[0][0]), "0.5");
  const low = shares.map((share) => multiply(middle, subtract("1", share)));
  const high = shares.map((share) => multiply(middle, add("1", share)));
  const bidSums = sumsWithin(bids, low, (price, end) => compare(price, end) >= 0);
  const askSums = sumsWithin(asks, high, (price, end) => compare(price, end) <= 0);
  return shares.map((share, at) => ({ share, bids: bidSums[at], asks: askSums[at] }));
}

/** @param {Level[]} levels @param {Decimal[]} ends @param {(price: Decimal, end: Decimal) => boolean} isWithin */
function sumsWithin(levels, ends, isWithin) {
  let [sum, at] = ["0", 0];
  return ends.map((end) => {
    for (; at < levels.length && isWithin(levels[at][0], end); at += 1) sum = add(sum, levels[at][1]);
    return sum;
  });
}
