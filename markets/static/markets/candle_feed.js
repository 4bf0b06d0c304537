/* CandleFeed: the candles of one market and interval, from both ways that the exchange tells of them.
 *
 * Rules:
 * - First it follows the live ones, then it asks for those before: nothing falls between.
 * - The live channel tells of the candle of now alone. When that is another, the one before may have ended with
 *   trades that were never told: it is asked for once more.
 * - After each new connection the last candles are asked for again; what does not join on to them is forgotten.
 * - What fails is tried again after RETRY; until then what is known stays, and `reason` says why it may be old.
 */

import { Candles, INTERVALS, MAX_KEPT } from "./candles.js";
import { get } from "./rest.js";

/** @import { MarketFeed } from "./feed.js" */
/** @import { ServerClock } from "./rest.js" */
/** @import { Candle, Interval } from "./types.js" */

/** How many candles are asked for at once. */
const PAGE = 400;
const RETRY = 2000;
/** A finished candle is asked for again within this; not at once, since all pages want it in the same moment. */
const CONFIRM_WITHIN = 1500;
const LOOK_EVERY = 1000;

export class CandleFeed {
  #generation = 0;
  #confirming = 0;
  #asking = false;
  #whole = false;
  /** Told before the others were there. @type {Candle[]} */
  #early = [];

  /** `changed` is called with the place of the first bar that is another, or null: the state alone is.
   * @param {MarketFeed} feed @param {ServerClock} clock @param {(place: number | null) => void} changed */
  constructor(feed, clock, changed) {
    this.feed = feed;
    this.clock = clock;
    this.changed = changed;
    this.candles = new Candles("1m");
    /** Whether the bars are true as far as is known. */
    this.inStep = false;
    this.reason = "";
    setInterval(() => this.#tell(this.candles.advance(clock.now())), LOOK_EVERY);
  }

  /** Show an interval from now on. @param {Interval} interval */
  choose(interval) {
    this.#startOver(interval);
    this.feed.followCandles(interval, this);
    this.changed(0);
  }

  /** Ask for those before the first, if there may be any. */
  async older() {
    const [first] = this.candles.bars;
    if (first === undefined || this.#asking || this.#whole || this.candles.bars.length + PAGE > MAX_KEPT) return;
    const page = await this.#ask({ end: first.time });
    if (page === null) return;
    this.#whole = page.length < PAGE;
    this.#tell(this.candles.take(page));
  }

  // The follower of the live candles

  async following() {
    const page = await this.#ask({});
    if (page === null) return;
    const early = this.#early.splice(0);
    const { lastStart } = this.candles;
    const [oldest] = page;
    if (lastStart !== null && oldest !== undefined && Date.parse(oldest.start) / 1000 > lastStart) {
      this.#startOver(this.candles.interval); // more has happened than one page tells
      this.changed(0);
    }
    if (this.candles.bars.length === 0) this.#whole = page.length < PAGE;
    this.inStep = true;
    this.reason = "";
    this.#tell(this.candles.take(page));
    for (const candle of early) this.told(candle);
    this.#tell(this.candles.advance(this.clock.now()));
    this.changed(null);
  }

  /** @param {Candle | undefined} candle the one of now; none has had a trade */
  told(candle) {
    if (!this.inStep) {
      if (candle !== undefined) this.#early = [...this.#early, candle].slice(-2);
      return;
    }
    const { lastStart } = this.candles;
    if (lastStart !== null && (candle === undefined || Date.parse(candle.start) / 1000 !== lastStart)) this.#confirm(lastStart);
    if (candle !== undefined) this.#tell(this.candles.take([candle]));
  }

  /** @param {string} reason */
  cut(reason) {
    this.inStep = false;
    this.reason = reason;
    this.#early = [];
    this.changed(null);
  }

  /** Ask once more for the candles from a moment on. @param {number} start in seconds since 1970 */
  #confirm(start) {
    if (this.#confirming) return;
    const generation = this.#generation;
    this.#confirming = setTimeout(async () => {
      this.#confirming = 0;
      if (generation !== this.#generation) return;
      const page = await this.#ask({ start });
      if (page !== null) this.#tell(this.candles.take(page));
    }, Math.random() * CONFIRM_WITHIN);
  }

  /** @param {Interval} interval */
  #startOver(interval) {
    this.#generation += 1;
    this.#asking = this.#whole = this.inStep = false;
    this.reason = "";
    this.#early = [];
    this.candles = new Candles(interval);
  }

  /** The last PAGE candles of a time, in seconds since 1970; null: another interval is wanted, or it is tried again later.
   * @param {{ start?: number, end?: number }} times @returns {Promise<Candle[] | null>} */
  async #ask({ start = 0, end }) {
    const generation = this.#generation;
    const { interval } = this.candles;
    const query = new URLSearchParams({ interval, limit: String(PAGE), start: timeOf(start) });
    if (end !== undefined) query.set("end", timeOf(end));
    this.#asking = true;
    try {
      /** @type {Candle[]} */
      const page = await get(`markets/${this.feed.market}/candles?${query}`);
      return generation === this.#generation ? page : null;
    } catch (error) {
      if (generation !== this.#generation) return null;
      this.cut(/** @type {Error} */ (error).message);
      setTimeout(() => generation === this.#generation && !this.inStep && this.following(), RETRY);
      return null;
    } finally {
      if (generation === this.#generation) this.#asking = false;
    }
  }

  /** @param {number | null} place */
  #tell(place) {
    if (place !== null) this.changed(place);
  }
}

const timeOf = (/** @type {number} */ seconds) => new Date(seconds * 1000).toISOString();

export const INTERVAL_NAMES = /** @type {Interval[]} */ (Object.keys(INTERVALS));
