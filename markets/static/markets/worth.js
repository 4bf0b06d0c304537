/* Worth: what an account's assets come to in one of them, by the last trades. No page.
 *
 * Rules: exact; an asset without a market to the quote asset that ever traded has no value, and is not in the
 * sum. A value is cut to the quote's places, so the sum is never more than the parts.
 */

import { add, cut, multiply } from "./decimal.js";

/** @import { Balance, MarketRules, Ticker } from "./types.js" */

/** @param {Iterable<Balance>} balances @param {MarketRules[]} markets @param {Map<string, Pick<Ticker, "last">>} tickers
 * @param {string} quote @param {number} decimals
 * @returns {{ values: Map<string, string>, sum: string | null }} */
export function worthIn(balances, markets, tickers, quote, decimals) {
  const prices = new Map([[quote, "1"]]);
  for (const { symbol, base, quote: each } of markets) {
    const last = each === quote ? tickers.get(symbol)?.last : null;
    if (last) prices.set(base, last);
  }
  /** @type {Map<string, string>} */
  const values = new Map();
  for (const { asset, total } of balances) {
    const price = prices.get(asset);
    if (price !== undefined) values.set(asset, cut(multiply(total, price), decimals));
  }
  const sum = values.size ? [...values.values()].reduce(add) : null;
  return { values, sum };
}
