/* Estimates for the order form: what an order would cost or bring, and how much the funds are enough for.
 *
 * Rules:
 * - Exact arithmetic; a market order walks the page's own book, and is an estimate for that reason.
 * - A price limit is computed as the exchange does: the last whole tick within the ratio.
 * - A fee is taken from the asset that is received, and rounded up to its smallest unit.
 *
 * `values` are the form's fields as typed (order_types.js). `market` is {rules, book, band, reference,
 * rates}: the price band as a ratio or null, the price it is around or null, the account's own fee rates.
 */

import { add, ceilTo, compare, cut, divide, floorTo, isPlain, larger, multiply, ratioOfPercent, smaller, subtract } from "./decimal.js";
import { kindOf, waitsToTrade } from "./order_types.js";

/** @import { LocalBook } from "./local_book.js" */
/** @import { FeeRates, MarketRules, OrderValues, Side } from "./types.js" */

/**
 * @typedef {Pick<MarketRules, "base" | "quote" | "tick_size" | "lot_size" | "base_decimals" | "quote_decimals">} Rules
 * @typedef {{ rules: Rules, book: Pick<LocalBook, "bids" | "asks">, band: string | null, reference: string | null, rates: FeeRates }} Market
 * @typedef {{ quantity: string, amount: string }} Traded
 * @typedef {{ fee: string, asset: string }} Fee
 *
 * @typedef {object} Estimate
 * @property {string} label
 * @property {string} amount
 * @property {string} asset
 * @property {string} short  why it is less than what was asked for
 * @property {Fee} fee
 * @property {string} feeLabel
 */

/** How far above its stop price a stop buy may pay where nothing else says. */
export const DEFAULT_STOP_SLIPPAGE = "0.1";

/** @param {unknown} text @returns {text is string} */
const isNumber = (text) => isPlain(text) && compare(text, "0") > 0;

/** The last tick within a ratio of a price, for a taker of this side.
 * @param {Side} side @param {string} price @param {string} ratio @param {string} tick */
export function worstPrice(side, price, ratio, tick) {
  if (side === "buy") return floorTo(multiply(price, add("1", ratio)), tick);
  return ceilTo(multiply(price, larger(subtract("1", ratio), "0")), tick);
}

/** The worst price that the band allows around a reference; null where there is no band or reference.
 * @param {Side} side @param {string | null} reference @param {{ band: string | null, rules: Pick<Rules, "tick_size"> }} market */
export function bandLimit(side, reference, { band, rules }) {
  return band === null || !isNumber(reference) ? null : worstPrice(side, reference, band, rules.tick_size);
}

/** The worst price of a stop without a limit; null: any. A buy has always one, as its money is held.
 * @param {Side} side @param {{ stop_price: string, max_slippage?: string }} values @param {Market} market */
function stopLimit(side, { stop_price: stopPrice, max_slippage: slippage }, { band, rules }) {
  const given = isPlain(slippage) ? ratioOfPercent(slippage) : null;
  const ratio = given ?? (side === "buy" ? (band ?? DEFAULT_STOP_SLIPPAGE) : null);
  return ratio === null || !isNumber(stopPrice) ? null : worstPrice(side, stopPrice, ratio, rules.tick_size);
}

/** How far a market order may go: by its slippage from the best price, and by the band; null: anywhere.
 * @param {OrderValues} values @param {Market} market */
function marketLimit({ side, max_slippage: slippage }, market) {
  const best = (side === "buy" ? market.book.asks(1) : market.book.bids(1))[0]?.[0];
  const limits = [bandLimit(side, market.reference, market)];
  if (best !== undefined && isPlain(slippage)) {
    limits.push(worstPrice(side, best, ratioOfPercent(slippage), market.rules.tick_size));
  }
  const nearer = side === "buy" ? smaller : larger;
  return limits.reduce((a, b) => (a === null || b === null ? (a ?? b) : nearer(a, b)), null);
}

/** What a market order of a quantity, or for an amount, would trade now: {quantity, amount, whole}.
 * @param {Side} side @param {{ quantity?: string | null, amount?: string | null }} wanted
 * @param {string | null} limit @param {Market} market */
function walk(side, { quantity = null, amount = null }, limit, { book, rules }) {
  const had = { quantity: "0", amount: "0", whole: false };
  for (const [price, offered] of side === "buy" ? book.asks() : book.bids()) {
    if (limit !== null && (side === "buy" ? compare(price, limit) > 0 : compare(price, limit) < 0)) break;
    const wanted =
      quantity !== null
        ? subtract(quantity, had.quantity)
        : floorTo(divide(subtract(amount ?? "0", had.amount), price, rules.base_decimals), rules.lot_size);
    const part = smaller(wanted, offered);
    had.quantity = add(had.quantity, part);
    had.amount = add(had.amount, multiply(price, part));
    had.whole = compare(wanted, offered) <= 0;
    if (had.whole) break;
  }
  return had;
}

/** The prices that the order may come to, as {price, sure}; sure: it is never worse.
 * @param {OrderValues} values @param {Market} market */
function terms(values, market) {
  const kind = kindOf(values);
  const stop = () => {
    const worst = stopLimit(values.side, values, market);
    return { price: worst ?? values.stop_price, sure: worst !== null };
  };
  const first = waitsToTrade(kind) ? stop() : { price: values.price, sure: true };
  if (values.type !== "oco") return [first];
  return [first, values.stop_limit ? { price: values.stop_limit, sure: true } : stop()];
}

/** What the order would come to; null where it cannot be said.
 * @param {OrderValues} values @param {Market} market @returns {Estimate | null} */
export function estimate(values, market) {
  const { side } = values;
  const { base, quote } = market.rules;
  const had = kindOf(values) === "market" ? walked(values, market) : atTerms(values, market);
  if (had === null) return null;
  const rate = kindOf(values) === "market" ? market.rates.taker : larger(market.rates.maker, market.rates.taker);
  const fee = feeOn(side, had.quantity, had.amount, rate, market.rules);
  const feeLabel = side === "buy" && !had.inQuote ? "Fee, at most" : "Fee, about";
  const sum = had.inQuote ? { amount: had.quantity, asset: base } : { amount: had.amount, asset: quote };
  return { ...sum, label: had.label, short: had.short ?? "", fee, feeLabel };
}

/** @typedef {Traded & { label: string, short?: string, inQuote?: boolean }} Sums */

/** @param {OrderValues} values @param {Market} market @returns {Sums | null} */
function atTerms(values, market) {
  const found = terms(values, market);
  if (!isNumber(values.quantity) || !found.every(({ price }) => isNumber(price))) return null;
  const buys = values.side === "buy";
  const price = found.map((each) => each.price).reduce(buys ? larger : smaller);
  const how = found.every(({ sure }) => sure) ? (buys ? "at most" : "at least") : "about";
  return { label: `${buys ? "Cost" : "Proceeds"}, ${how}`, quantity: values.quantity, amount: multiply(price, values.quantity) };
}

/** @param {OrderValues} values @param {Market} market @returns {Sums | null} */
function walked(values, market) {
  const inQuote = values.type === "market" && values.by === "quote";
  const wanted = inQuote ? { amount: values.quote_quantity } : { quantity: values.quantity };
  if (!isNumber(wanted.amount ?? wanted.quantity)) return null;
  const limit = marketLimit(values, market);
  const had = walk(values.side, wanted, limit, market);
  const words = inQuote ? ["Buys", "Sells"] : ["Cost", "Proceeds"];
  const short = had.whole ? "" : limit === null ? "and the book is empty" : "and no more within its limit";
  return { ...had, inQuote, short, label: `${words[values.side === "buy" ? 0 : 1]}, about` };
}

/** A fee at a rate on what would be received, and its asset.
 * @param {Side} side @param {string} quantity @param {string} amount @param {string} rate @param {Rules} rules @returns {Fee} */
export function feeOn(side, quantity, amount, rate, rules) {
  const [received, asset, decimals] =
    side === "buy" ? [quantity, rules.base, rules.base_decimals] : [amount, rules.quote, rules.quote_decimals];
  const exact = multiply(received, rate);
  const unit = decimals ? `0.${"1".padStart(decimals, "0")}` : "1";
  return { fee: compare(exact, "0") > 0 ? ceilTo(exact, unit) : exact, asset };
}

/** What one whole base needs, as {asset, price}: a price of null walks the book.
 * @param {OrderValues} values @param {Market} market @returns {{ asset: string, price: string | null }[]} */
function needs(values, market) {
  const { base, quote } = market.rules;
  const entry =
    values.side === "sell"
      ? { asset: base, price: "1" }
      : kindOf(values) === "market"
        ? { asset: quote, price: marketLimit(values, market) }
        : { asset: quote, price: terms(values, market).map(({ price }) => price).filter(isNumber).reduce(larger, "0") };
  if (values.type !== "bracket" || values.side === "buy") return [entry];
  // Exits that buy back hold their money from the start, at the worst that either may pay.
  const loss = values.loss_limit || stopLimit("buy", { stop_price: values.loss_stop }, market);
  const exits = [values.take_profit, loss].filter(isNumber);
  return exits.length ? [entry, { asset: quote, price: exits.reduce(larger) }] : [entry];
}

/** The assets that the order needs. @param {OrderValues} values @param {Market} market */
export function assetsNeeded(values, market) {
  return needs(values, market).map(({ asset }) => asset);
}

/** The largest quantity, in whole lots, that a percentage of the funds is enough for; null: give a price first.
 * @param {OrderValues} values @param {string} percent @param {(asset: string) => string} availableOf @param {Market} market
 * @returns {string | null} */
export function affordable(values, percent, availableOf, market) {
  const { base, base_decimals: decimals, lot_size: lot } = market.rules;
  const quantities = needs(values, market).map(({ asset, price }) => {
    const funds = share(availableOf(asset), percent);
    if (asset === base) return floorTo(funds, lot);
    if (price === null) return walk("buy", { amount: funds }, null, market).quantity;
    return price === "0" ? null : floorTo(divide(funds, price, decimals), lot);
  });
  return quantities.reduce((a, b) => (a === null || b === null ? null : smaller(a, b)));
}

/** What of the quote asset a percentage of the funds spends, or brings.
 * @param {OrderValues} values @param {string} percent @param {(asset: string) => string} availableOf @param {Market} market */
export function affordableAmount(values, percent, availableOf, market) {
  const { base, quote, quote_decimals: decimals } = market.rules;
  const funds = share(availableOf(values.side === "buy" ? quote : base), percent);
  if (values.side === "buy") return cut(funds, decimals);
  return cut(walk("sell", { quantity: funds }, marketLimit(values, market), market).amount, decimals);
}

/** @param {string} funds @param {string} percent */
const share = (funds, percent) => divide(multiply(funds, percent), "100", 18);
