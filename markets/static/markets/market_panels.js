/* What everybody sees beside the ladder: the tickers, the statuses, the tape of trades. */

import { byId, Rows, rowOf, setText, setTime } from "./draw.js";
import { compare, cut, decimalsOf, divide, multiply, shown } from "./decimal.js";

/** @import { MarketRules, StatusNews, Ticker as TickerData, Trade } from "./types.js" */

/** A change as "+1.20 %", of the price it started from; "–" where there was no trade.
 * @param {Pick<TickerData, "change" | "open">} ticker */
function percent({ change, open }) {
  if (change === null || open === null || compare(open, "0") <= 0) return "–";
  const hundredths = divide(multiply(change, "10000"), open, 0);
  return `${signOf(change) > 0 ? "+" : ""}${shown(divide(hundredths, "100", 2), 2)} %`;
}

/** @param {string | null} change */
const signOf = (change) => (change === null ? 0 : compare(change, "0"));

/** @param {HTMLElement} node @param {number} sign */
function colour(node, sign) {
  node.classList.toggle("bid", sign > 0);
  node.classList.toggle("ask", sign < 0);
}

export class Ticker {
  /** @type {Map<string, TickerData>} What is drawn of each market. */
  #drawn = new Map();
  /** @type {Map<string, { last: HTMLElement | null, change: HTMLElement | null }>} */
  #places = new Map();

  /** @param {MarketRules} rules */
  constructor(rules) {
    this.rules = rules;
    this.decimals = decimalsOf(rules.tick_size);
  }

  /** @param {Map<string, TickerData>} tickers */
  draw(tickers) {
    for (const [symbol, ticker] of tickers) {
      if (this.#drawn.get(symbol) === ticker) continue;
      this.#drawn.set(symbol, ticker);
      if (symbol === this.rules.symbol) this.#drawOwn(ticker);
      const { last, change } = this.#placesOf(symbol);
      if (!last || !change) continue;
      setText(last, ticker.last === null ? "–" : shown(ticker.last));
      setText(change, percent(ticker));
      colour(change, signOf(ticker.change));
    }
  }

  /** Where the switcher has them. @param {string} symbol */
  #placesOf(symbol) {
    const known = this.#places.get(symbol);
    if (known) return known;
    /** @type {(name: string) => HTMLElement | null} */
    const place = (name) => document.querySelector(`[data-${name}-of="${CSS.escape(symbol)}"]`);
    const places = { last: place("last"), change: place("change") };
    this.#places.set(symbol, places);
    return places;
  }

  /** @param {TickerData} ticker */
  #drawOwn(ticker) {
    const price = (/** @type {string | null} */ value) => (value === null ? "–" : shown(value, this.decimals));
    setText(byId("ticker-last"), price(ticker.last));
    const change = byId("ticker-change");
    const sign = signOf(ticker.change);
    setText(change, ticker.change === null ? "–" : `${sign > 0 ? "+" : ""}${price(ticker.change)}  ${percent(ticker)}`);
    colour(change, sign);
    setText(byId("ticker-high"), price(ticker.high));
    setText(byId("ticker-low"), price(ticker.low));
    setText(byId("ticker-volume"), shown(cut(ticker.volume, 4)));
    setText(byId("ticker-turnover"), shown(cut(ticker.quote_volume, 0)));
    document.title = `${ticker.last === null ? "" : `${price(ticker.last)} · `}${this.rules.symbol} · Exchange`;
  }

  /** @param {Map<string, StatusNews>} statuses */
  drawStatuses(statuses) {
    for (const [symbol, { status }] of statuses) {
      for (const node of document.querySelectorAll(`[data-status-of="${CSS.escape(symbol)}"]`)) {
        setText(node, status);
        node.className = `status ${status}`;
      }
    }
  }
}

export class Tape {
  /** @param {MarketRules} rules */
  constructor(rules) {
    const decimals = { price: decimalsOf(rules.tick_size), quantity: decimalsOf(rules.lot_size) };
    /** @type {Rows<Trade>} */
    this.rows = new Rows(byId("tape"), byId("tape-nothing"), () => {
      const { row, cells } = rowOf("price", "number", "number dim");
      return {
        row,
        update(trade) {
          const side = trade.taker_side === "buy" ? "bid" : "ask";
          cells[0].className = `price ${side}`;
          cells[0].title = trade.taker_side === "buy" ? "A buyer took it" : "A seller took it";
          setText(cells[0], shown(trade.price, decimals.price));
          setText(cells[1], shown(trade.quantity, decimals.quantity));
          setTime(cells[2], trade.timestamp);
        },
      };
    });
  }

  /** @param {Trade[]} trades */
  draw(trades) {
    this.rows.draw(trades, (trade) => trade.id);
  }
}
