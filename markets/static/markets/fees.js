/* Fees: what the account itself pays in each market, by its tier.
 *
 * Rules:
 * - Asked for at the start and with each new connection; a fill at another rate shows that it changed.
 * - Until the exchange has answered, the market's own rates stand in.
 */

import { get } from "./rest.js";

/** @import { FeeRates, Fill, MarketFees, MarketRules } from "./types.js" */

export class Fees {
  /** @type {Map<string, FeeRates>} */
  #own = new Map();
  #asking = false;

  /** `changed` is called when the rates are others. @param {MarketRules[]} markets @param {() => void} changed */
  constructor(markets, changed) {
    this.changed = changed;
    for (const { symbol, maker_fee_rate: maker, taker_fee_rate: taker } of markets) this.#own.set(symbol, { maker, taker });
  }

  /** The rates in a market of the page. @param {string} symbol */
  of(symbol) {
    return /** @type {FeeRates} */ (this.#own.get(symbol));
  }

  async ask() {
    if (this.#asking) return;
    this.#asking = true;
    /** @type {MarketFees[]} */
    let rates = [];
    try {
      rates = await get("fees");
    } catch {
      // What is known stays; the next connection asks again.
    } finally {
      this.#asking = false;
    }
    for (const { market, maker_fee_rate: maker, taker_fee_rate: taker } of rates) this.#own.set(market, { maker, taker });
    this.changed();
  }

  /** Ask again if fills were charged at a rate that is not known. @param {Fill[]} fills */
  notice(fills) {
    /** @param {Fill} fill */
    const isNews = ({ market, liquidity, fee_rate: rate }) => rate !== null && this.#own.get(market)?.[liquidity] !== rate;
    if (fills.some(isNews)) this.ask();
  }
}
