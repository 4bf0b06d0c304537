/* Candles: what the exchange tells of a market's candles in, bars for a chart out. No page, no socket, no clock.
 *
 * Rules:
 * - A candle only grows: of two tellings of one, the one with more trades is the later, whichever came first.
 * - An interval without a trade is a flat bar at the last close; it makes way when its candle comes. A silence
 *   of more than MAX_FLAT intervals is left out whole, as is what was before the first trade.
 * - At most MAX_KEPT bars are kept, the latest; of those that were scrolled back to, the first go first.
 * - What is drawn is a Number, which a pixel needs no more of; what is read is the exchange's own decimal.
 */

import { add, compare, decimalsOf, divide, multiply, shown, subtract } from "./decimal.js";

/** @import { Candle, Decimal, Interval } from "./types.js" */

/**
 * One interval of the chart.
 * @typedef {object} Bar
 * @property {number} time  its start, in seconds since 1970
 * @property {Decimal} open
 * @property {Decimal} high
 * @property {Decimal} low
 * @property {Decimal} close
 * @property {Decimal} volume
 * @property {number} trades  0: a flat one
 */

/** Their lengths in seconds. @type {Record<Interval, number>} */
export const INTERVALS = { "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14400, "1d": 86400 };
export const MAX_FLAT = 500;
export const MAX_KEPT = 6000;

export class Candles {
  #seconds;
  /** The bars, oldest first. @type {Bar[]} */
  bars = [];

  /** @param {Interval} interval */
  constructor(interval) {
    this.interval = interval;
    this.#seconds = INTERVALS[interval];
  }

  /** The start of the last candle that had a trade, in seconds since 1970; null: there is none. */
  get lastStart() {
    return this.bars.findLast(({ trades }) => trades > 0)?.time ?? null;
  }

  /** Take what the exchange tells, in any order; returns the place of the first bar that is another now, null: none.
   * @param {Candle[]} candles @returns {number | null} */
  take(candles) {
    const known = new Map(this.bars.filter(({ trades }) => trades > 0).map((bar) => [bar.time, bar]));
    let first = Infinity;
    for (const candle of candles) {
      const bar = barOf(candle);
      if ((known.get(bar.time)?.trades ?? 0) >= bar.trades) continue;
      known.set(bar.time, bar);
      first = Math.min(first, bar.time);
    }
    return first === Infinity ? null : this.#rebuild(known, first);
  }

  /** Let time pass: what has no trade yet is flat; returns as `take` does. @param {number} now in milliseconds */
  advance(now) {
    const place = this.bars.length;
    const last = this.bars.at(-1);
    if (last === undefined) return null;
    const since = this.lastStart ?? last.time;
    const start = Math.floor(now / 1000 / this.#seconds) * this.#seconds;
    if ((start - since) / this.#seconds > MAX_FLAT) return null;
    this.#fill(start + this.#seconds);
    return this.bars.length > place ? this.#trim(place) : null;
  }

  /** @param {Map<number, Bar>} known @param {number} first */
  #rebuild(known, first) {
    const end = this.bars.at(-1)?.time ?? 0;
    let place = this.bars.findIndex(({ time }) => time >= first);
    if (place < 0) place = this.bars.length;
    this.bars.length = place;
    const starts = [...known.keys()].filter((start) => start >= first).sort((a, b) => a - b);
    for (const start of starts) {
      this.#fill(start);
      this.bars.push(/** @type {Bar} */ (known.get(start)));
    }
    this.#fill(end + 1); // flat ones that had come by the clock
    return this.#trim(place);
  }

  /** Flat bars up to before a moment, unless they were too many. @param {number} end */
  #fill(end) {
    const last = this.bars.at(-1);
    if (last === undefined || (end - last.time) / this.#seconds > MAX_FLAT + 1) return;
    const { close } = last;
    for (let time = last.time + this.#seconds; time < end; time += this.#seconds) {
      this.bars.push({ time, open: close, high: close, low: close, close, volume: "0", trades: 0 });
    }
  }

  /** @param {number} place */
  #trim(place) {
    const over = this.bars.length - MAX_KEPT;
    if (over <= 0) return place;
    this.bars.splice(0, over);
    return 0;
  }
}

/** @param {Candle} candle @returns {Bar} */
function barOf({ start, open, high, low, close, volume, trade_count: trades }) {
  return { time: Date.parse(start) / 1000, open, high, low, close, volume, trades };
}

/** What a bar's close is above or below the one before (its own open, if there is none): below 0, 0 or above 0, and in words.
 * @param {Bar} bar @param {Bar | undefined} before @param {number} decimals */
export function changeOf(bar, before, decimals) {
  const from = before?.close ?? bar.open;
  const change = subtract(bar.close, from);
  const sign = compare(change, "0");
  const hundredths = compare(from, "0") > 0 ? divide(multiply(change, "10000"), from, 0) : "0";
  const plus = sign > 0 ? "+" : "";
  return { sign, words: `${plus}${shown(change, decimals)} (${plus}${shown(divide(hundredths, "100", 2), 2)} %)` };
}

/** The market's volume of the bars together. @param {Bar[]} bars */
export const volumeOf = (bars) => bars.reduce((sum, { volume }) => add(sum, volume), "0");

/** What a library that draws needs of a tick: its places, and itself as a Number. @param {Decimal} tick */
export const precisionOf = (tick) => ({ decimals: decimalsOf(tick), step: Number(tick) });
