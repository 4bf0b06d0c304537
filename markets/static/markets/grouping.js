/* Grouping: a book's levels put together by a step of price, each with the total up to it. No page.
 *
 * Rules:
 * - Exact: whole numbers of the finest place that occurs, and decimal strings at both ends. A share of the
 *   most, for a bar, is the only Number.
 * - Asks go up to a whole step, bids down, so that a group never promises a better price than it has.
 * - Steps are whole multiples of the tick: the tick itself, then 1 and 5 times powers of ten.
 * - Texts are made of what is looked at alone: a book may have thousands of levels.
 */

import { add, canonical, compare, decimalsOf, divide, floorTo, multiply } from "./decimal.js";

/** @import { Decimal, Level, Side } from "./types.js" */

const MOST_STEPS = 9;
const COARSEST = "50"; // that many steps at least between the price and nothing
const UNKNOWN_PRICE = "1000"; // ticks, where nothing has a price yet

/** The steps to choose from, the tick first. @param {Decimal} tick @param {Decimal | null} price what things cost about */
export function stepsFor(tick, price) {
  const steps = [canonical(tick)];
  const most = divide(price ?? multiply(tick, multiply(UNKNOWN_PRICE, COARSEST)), COARSEST, decimalsOf(tick) + 1);
  let power = decimalsOf(tick) === 0 ? "1" : `0.${"1".padStart(decimalsOf(tick), "0")}`;
  for (; steps.length < MOST_STEPS && compare(power, most) <= 0; power = multiply(power, "10")) {
    for (const step of [power, multiply(power, "5")]) {
      const fits = compare(step, tick) > 0 && compare(step, most) <= 0 && floorTo(step, tick) === step;
      if (fits && steps.length < MOST_STEPS) steps.push(step);
    }
  }
  return steps;
}

/** @param {string} text @param {number} scale at least as many places as it has */
function unitsOf(text, scale) {
  const point = text.indexOf(".");
  return point < 0
    ? BigInt(text + "0".repeat(scale))
    : BigInt(text.slice(0, point) + text.slice(point + 1).padEnd(scale, "0"));
}

/** @param {bigint} units @param {number} scale */
function textOf(units, scale) {
  if (scale === 0) return String(units);
  const digits = String(units).padStart(scale + 1, "0");
  return canonical(`${digits.slice(0, -scale)}.${digits.slice(-scale)}`);
}

/** The most places that one of the two numbers of a level has. @param {Level[][]} sides @param {0 | 1} at */
function placesOf(sides, at) {
  let most = 0;
  for (const side of sides) for (const level of side) most = Math.max(most, decimalsOf(level[at]));
  return most;
}

/** One side's groups, best first. */
export class Grouped {
  /** @type {bigint[]} */ #prices = [];
  /** @type {bigint[]} */ #quantities = [];
  /** @type {bigint[]} */ #totals = [];
  #scales;

  /** @param {Level[]} levels best first @param {Side} side @param {Decimal} step
   * @param {{ price: number, quantity: number }} scales */
  constructor(levels, side, step, scales) {
    this.#scales = scales;
    const size = unitsOf(step, scales.price);
    let total = 0n;
    for (const [price, quantity] of levels) {
      const units = unitsOf(price, scales.price);
      const place = side === "buy" ? units - (units % size) : ((units + size - 1n) / size) * size;
      const more = unitsOf(quantity, scales.quantity);
      total += more;
      const last = this.#prices.length - 1;
      if (this.#prices[last] === place) {
        this.#quantities[last] += more;
        this.#totals[last] = total;
      } else {
        this.#prices.push(place);
        this.#quantities.push(more);
        this.#totals.push(total);
      }
    }
  }

  get count() {
    return this.#prices.length;
  }

  /** The group of this rank, in words of the wire. @param {number} rank */
  level(rank) {
    const { price, quantity } = this.#scales;
    return {
      price: textOf(this.#prices[rank], price),
      quantity: textOf(this.#quantities[rank], quantity),
      total: textOf(this.#totals[rank], quantity),
    };
  }

  /** What there is up to this rank, in units that both sides share. @param {number} rank */
  totalUnits(rank) {
    return this.#totals[Math.min(rank, this.count - 1)] ?? 0n;
  }
}

/** Both sides, in the same units. @param {Level[]} bids @param {Level[]} asks @param {Decimal} step */
export function groupBook(bids, asks, step) {
  const scales = { price: Math.max(placesOf([bids, asks], 0), decimalsOf(step)), quantity: placesOf([bids, asks], 1) };
  return { bids: new Grouped(bids, "buy", step, scales), asks: new Grouped(asks, "sell", step, scales) };
}

/** How much of the most, for a bar. @param {bigint} units @param {bigint} most */
export function share(units, most) {
  return most <= 0n ? 0 : Number((units * 1000n) / most) / 1000;
}

/** In which group an order of this price is. @param {Side} side @param {Decimal} price @param {Decimal} step */
export function groupOf(side, price, step) {
  const floor = floorTo(price, step);
  return side === "buy" || compare(floor, price) === 0 ? floor : add(floor, step);
}

/** What the owner's orders come to in each group: "buy:PRICE" and "sell:PRICE".
 * @param {Iterable<{ side: Side, price: Decimal, quantity: Decimal }>} orders @param {Decimal} step
 * @returns {Map<string, Decimal>} */
export function ownByGroup(orders, step) {
  const own = new Map();
  for (const { side, price, quantity } of orders) {
    const key = `${side}:${groupOf(side, price, step)}`;
    own.set(key, add(own.get(key) ?? "0", quantity));
  }
  return own;
}

/** What taking all levels up to a price would come to; null, where there are none.
 * @param {Level[]} levels best first @param {Side} side of the levels @param {Decimal} price @param {number} decimals of the average */
export function takenUpTo(levels, side, price, decimals) {
  let [quantity, amount] = ["0", "0"];
  for (const [each, offered] of levels) {
    const beyond = compare(each, price);
    if (side === "buy" ? beyond < 0 : beyond > 0) break;
    quantity = add(quantity, offered);
    amount = add(amount, multiply(each, offered));
  }
  return quantity === "0" ? null : { quantity, amount, average: divide(amount, quantity, decimals) };
}
