/* MarketFeed: the page's public socket: the book of one market, its trades and candles, and all markets' tickers.
 *
 * Rules:
 * - What a message means for the book is local_book.js's business; this module sends what it asks for.
 * - A market that the exchange does not follow for us yet is subscribed to; otherwise it is resynced.
 * - `changed` is called after every change, often: whoever draws does so once a frame.
 * - Candles are followed of one interval at a time, by whoever wants them; none at first.
 * - A market whose rules an operator changed says its status again: its price band is asked for then.
 */

import { Connection } from "./connection.js";
import { add, multiply } from "./decimal.js";
import { BookFeed } from "./local_book.js";
import { get } from "./rest.js";

/** @import { Outcome } from "./local_book.js" */
/** @import { Candle, Interval, MarketDataMessage, MarketDetail, MarketRules, StatusNews, Ticker, Timestamp, Trade } from "./types.js" */

/** What changed. @typedef {"book" | "trades" | "ticker" | "status"} What */

/**
 * Who follows candles: `following` comes after each subscription, `told` with the candle of now.
 * @typedef {object} CandleFollower
 * @property {() => void} following
 * @property {(candle: Candle | undefined) => void} told
 * @property {(reason: string) => void} cut
 */

const KEPT_TRADES = 100;
const RETRY = 2000;

export class MarketFeed {
  #subscribed = false;
  /** @type {{ interval: Interval, follower: CandleFollower } | null} */
  #candles = null;

  /** `markets` are the rules and statuses that the page came with.
   * @param {string} market @param {MarketRules[]} markets @param {(what: What) => void} changed */
  constructor(market, markets, changed) {
    this.market = market;
    this.symbols = markets.map(({ symbol }) => symbol);
    this.changed = changed;
    this.feed = new BookFeed(market);
    /** @type {number | null} When the book was last proved, on the page's own clock (performance.now). */
    this.verifiedAt = null;
    /** @type {{ timestamp: Timestamp, at: number } | null} The last book that came, and when by Date.now. */
    this.lastBook = null;
    /** @type {Trade[]} The last ones, newest first. */
    this.trades = [];
    /** @type {Map<string, Ticker>} */
    this.tickers = new Map();
    const rules = /** @type {MarketRules} */ (markets.find(({ symbol }) => symbol === market));
    this.band = rules.price_band;
    /** @type {Map<string, StatusNews>} */
    this.statuses = new Map(markets.map(({ symbol, status }) => [symbol, { status, auction: null }]));
    this.connection = new Connection("/ws/v1/market-data", this);
  }

  /** The market's status as far as it is known. */
  get status() {
    return this.#known.status;
  }

  /** What the auction at hand would come to; null: there is none. */
  get auction() {
    return this.#known.auction;
  }

  get #known() {
    return /** @type {StatusNews} */ (this.statuses.get(this.market));
  }

  /** What the price band is around: the last trade's price, else the middle of the best, else null. */
  get reference() {
    const last = this.trades[0]?.price ?? this.tickers.get(this.market)?.last;
    if (last) return last;
    const [bid] = this.feed.book.bids(1);
    const [ask] = this.feed.book.asks(1);
    return bid && ask ? multiply(add(bid[0], ask[0]), "0.5") : null;
  }

  /** Follow the candles of an interval, and no others. @param {Interval} interval @param {CandleFollower} follower */
  followCandles(interval, follower) {
    const before = this.#candles;
    this.#candles = { interval, follower };
    if (!this.connection.isOpen) return; // all is subscribed to when it opens
    if (before) this.#ofCandles("unsubscribe", before.interval).catch((error) => this.#refused(error));
    this.#subscribeCandles(this.#candles);
  }

  opened() {
    this.#subscribed = false;
    this.#ask();
    this.#subscribe("trades", [this.market]);
    this.#subscribe("ticker", this.symbols);
    this.#subscribe("status", this.symbols);
    if (this.#candles) this.#subscribeCandles(this.#candles);
    this.changed("book");
  }

  /** @param {string} reason */
  closed(reason) {
    this.feed.disconnected(reason);
    this.#candles?.follower.cut(reason);
    this.changed("book");
  }

  /** @param {number} now */
  tick(now) {
    this.#follow(this.feed.tick(now));
  }

  /** @param {MarketDataMessage} message */
  received(message) {
    switch (message.channel) {
      case "trades":
        return this.#takeTrades(message);
      case "ticker":
        this.tickers.set(message.data.market, message.data);
        return this.changed("ticker");
      case "candles":
        if (message.data.interval === this.#candles?.interval) this.#candles.follower.told(message.data.candles[0]);
        return;
      case "status":
        this.statuses.set(message.data.market, message.data);
        if (message.data.market === this.market && message.data.status !== "auction") this.#askForBand();
        return this.changed("status");
      case "system":
        return; // this process stops; the next connection is with another
      default:
        // Whatever else comes, unreadable frames above all, is for the book's rules to judge.
        this.#follow(this.feed.receive(message, performance.now()));
        // A heartbeat has no time.
        if (this.feed.inStep && message.data && "timestamp" in message.data) {
          this.lastBook = { timestamp: message.data.timestamp, at: Date.now() };
        }
        return;
    }
  }

  /** @param {Outcome} outcome */
  #follow(outcome) {
    if (outcome === "need_resync") this.#ask();
    if (outcome === "applied" || outcome === "confirmed") this.verifiedAt = performance.now();
    if (outcome !== "ignored") this.changed("book");
  }

  #ask() {
    if (this.#subscribed) {
      this.connection.request("resync", { market: this.market }).catch((error) => this.#refused(error));
      return;
    }
    this.feed.asked(performance.now());
    this.connection
      .request("subscribe", { channel: "book", markets: [this.market] })
      .then(() => (this.#subscribed = true))
      .catch((error) => this.#refused(error));
  }

  async #askForBand() {
    try {
      /** @type {MarketDetail} */
      const rules = await get(`markets/${this.market}`);
      this.band = rules.price_band;
    } catch {
      return; // what is known stays
    }
    this.changed("status");
  }

  /** @param {string} channel @param {string[]} markets */
  #subscribe(channel, markets) {
    this.connection.request("subscribe", { channel, markets }).catch((error) => this.#refused(error));
  }

  /** @param {{ interval: Interval, follower: CandleFollower }} wanted */
  #subscribeCandles(wanted) {
    this.#ofCandles("subscribe", wanted.interval)
      .then(() => wanted === this.#candles && wanted.follower.following())
      .catch((error) => {
        if (wanted !== this.#candles) return;
        wanted.follower.cut(error.message);
        setTimeout(() => wanted === this.#candles && this.connection.isOpen && this.#subscribeCandles(wanted), RETRY);
      });
  }

  /** @param {"subscribe" | "unsubscribe"} method @param {Interval} interval */
  #ofCandles(method, interval) {
    return this.connection.request(method, { channel: "candles", markets: [this.market], interval });
  }

  /** The next tick asks again; the reason is shown meanwhile. @param {Error} error */
  #refused(error) {
    if (!this.feed.inStep) this.feed.reason = error.message;
    this.changed("book");
  }

  /** @param {Extract<MarketDataMessage, { channel: "trades" }>} message */
  #takeTrades({ type, data }) {
    // The wire has them newest first in a snapshot, oldest first in an update.
    const newestFirst = type === "snapshot" ? data.trades : [...data.trades].reverse();
    const known = new Set(type === "snapshot" ? [] : this.trades.map((trade) => trade.id));
    const fresh = newestFirst.filter((trade) => !known.has(trade.id));
    this.trades = (type === "snapshot" ? fresh : [...fresh, ...this.trades]).slice(0, KEPT_TRADES);
    this.changed("trades");
  }
}
