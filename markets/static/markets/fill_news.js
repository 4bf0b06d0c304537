/* FillNews: an account's fills as news, however many come: one piece of news an order. No page, no clock.
 *
 * Rules:
 * - A fill is news once. The first list, and what a list repeats, is no news: it was there before the page.
 * - Fills of one order are added up to one piece, with the exact average price.
 * - Of more than MOST_AT_ONCE orders in one go the rest is only counted.
 */

import { add, canonical, cut, decimalsOf, divide, multiply, shown } from "./decimal.js";

/** @import { Fill } from "./types.js" */

/** @typedef {{ key: string, fill: Fill, count: number, quantity: string, amount: string }} Piece */

const KNOWN = 1000;
const PIECES = 50;
export const MOST_AT_ONCE = 3;
const EXTRA_PLACES = 2;

/** @param {Fill} fill an account that trades with itself has two fills of one trade */
const keyOf = (fill) => `${fill.id} ${fill.order_id}`;

export class FillNews {
  /** @type {Set<string> | null} */ #known = null;
  /** @type {Map<string, Piece>} by order, the one that was told last at the end */ #pieces = new Map();

  /** What is to be told of these fills, each order once, and of how many orders more.
   * @param {Fill[]} fills @returns {{ pieces: Piece[], more: number }} */
  take(fills) {
    if (this.#known === null) {
      this.#known = new Set(fills.map(keyOf));
      return { pieces: [], more: 0 };
    }
    const known = this.#known;
    const touched = new Map();
    for (const fill of fills) {
      if (known.has(keyOf(fill))) continue;
      known.add(keyOf(fill));
      touched.set(fill.order_id, this.#add(fill));
    }
    this.#forget(known);
    const pieces = [...touched.values()];
    return { pieces: pieces.slice(-MOST_AT_ONCE), more: Math.max(0, pieces.length - MOST_AT_ONCE) };
  }

  /** The next fill of this order begins a new piece. @param {string} key */
  end(key) {
    this.#pieces.delete(key);
  }

  /** @param {Fill} fill */
  #add(fill) {
    const old = this.#pieces.get(fill.order_id) ?? { quantity: "0", amount: "0", count: 0 };
    const piece = {
      key: fill.order_id,
      fill,
      count: old.count + 1,
      quantity: add(old.quantity, fill.quantity),
      amount: add(old.amount, multiply(fill.price, fill.quantity)),
    };
    this.#pieces.delete(piece.key);
    this.#pieces.set(piece.key, piece);
    return piece;
  }

  /** @param {Set<string>} known */
  #forget(known) {
    for (const key of known) {
      if (known.size <= KNOWN) break;
      known.delete(key);
    }
    for (const key of this.#pieces.keys()) {
      if (this.#pieces.size <= PIECES) break;
      this.#pieces.delete(key);
    }
  }
}

/** "Bought 0.5 BTC at 100", "Sold 2 ETH at 99.5 on average, in 3 fills". @param {Piece} piece */
export function pieceWords({ fill, count, quantity, amount }) {
  const [base] = fill.market.split("-");
  const places = decimalsOf(fill.price) + EXTRA_PLACES;
  const price = count === 1 ? canonical(fill.price) : cut(divide(amount, quantity, places), places);
  const how = count === 1 ? "" : ` on average, in ${count} fills`;
  return `${fill.side === "buy" ? "Bought" : "Sold"} ${shown(quantity)} ${base} at ${shown(price)}${how}`;
}
