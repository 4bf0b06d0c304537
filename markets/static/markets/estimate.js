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
import { kindOf } from "./order_types.js";

/** How far above its stop price a stop buy may pay where nothing else says. */
export const DEFAULT_STOP_SLIPPAGE = "0.1";

const isNumber = (text) => isPlain(text) && compare(text, "0") > 0;

/** The last tick within a ratio of a price, for a taker of this side. */
export function worstPrice(side, price, ratio, tick) {
  if (side === "buy") return floorTo(multiply(price, add("1", ratio)), tick);
  return ceilTo(multiply(price, larger(subtract("1", ratio), "0")), tick);
}

/** The worst price that the band allows around a reference; null where there is no band or reference. */
export function bandLimit(side, reference, { band, rules }) {
  return band === null || !isNumber(reference) ? null : worstPrice(side, reference, band, rules.tick_size);
}

/** The worst price of a stop without a limit; null: any. A buy has always one, as its money is held. */
function stopLimit(side, { stop_price: stopPrice, max_slippage: slippage }, { band, rules }) {
  const given = isPlain(slippage) ? ratioOfPercent(slippage) : null;
  const ratio = given ?? (side === "buy" ? (band ?? DEFAULT_STOP_SLIPPAGE) : null);
  return ratio === null || !isNumber(stopPrice) ? null : worstPrice(side, stopPrice, ratio, rules.tick_size);
}

/** How far a market order may go: by its slippage from the best price, and by the band; null: anywhere. */
function marketLimit({ side, max_slippage: slippage }, market) {
  const best = (side === "buy" ? market.book.asks(1) : market.book.bids(1))[0]?.[0];
  const limits = [bandLimit(side, market.reference, market)];
  if (best !== undefined && isPlain(slippage)) {
    limits.push(worstPrice(side, best, ratioOfPercent(slippage), market.rules.tick_size));
  }
  return limits.filter((limit) => limit !== null).reduce((a, b) => (a === null ? b : (side === "buy" ? smaller : larger)(a, b)), null);
}

/** What a market order of a quantity, or for an amount, would trade now: {quantity, amount, whole}. */
function walk(side, { quantity = null, amount = null }, limit, { book, rules }) {
  const had = { quantity: "0", amount: "0", whole: false };
  for (const [price, offered] of side === "buy" ? book.asks() : book.bids()) {
    if (limit !== null && (side === "buy" ? compare(price, limit) > 0 : compare(price, limit) < 0)) break;
    const wanted =
      quantity !== null
        ? subtract(quantity, had.quantity)
        : floorTo(divide(subtract(amount, had.amount), price, rules.base_decimals), rules.lot_size);
    const part = smaller(wanted, offered);
    had.quantity = add(had.quantity, part);
    had.amount = add(had.amount, multiply(price, part));
    had.whole = compare(wanted, offered) <= 0;
    if (had.whole) break;
  }
  return had;
}

/** The prices that the order may come to, as {price, sure}; sure: it is never worse. */
function terms(values, market) {
  const kind = kindOf(values);
  const stop = () => {
    const worst = stopLimit(values.side, values, market);
    return { price: worst ?? values.stop_price, sure: worst !== null };
  };
  const first = kind === "stop" ? stop() : { price: values.price, sure: true };
  if (values.type !== "oco") return [first];
  return [first, values.stop_limit ? { price: values.stop_limit, sure: true } : stop()];
}

/** What the order would come to: {label, amount, asset, short, fee, feeLabel}; null where it cannot be said.
 *  `short`: why it is less than what was asked for. */
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

function atTerms(values, market) {
  const found = terms(values, market);
  if (!isNumber(values.quantity) || !found.every(({ price }) => isNumber(price))) return null;
  const buys = values.side === "buy";
  const price = found.map((each) => each.price).reduce(buys ? larger : smaller);
  const how = found.every(({ sure }) => sure) ? (buys ? "at most" : "at least") : "about";
  return { label: `${buys ? "Cost" : "Proceeds"}, ${how}`, quantity: values.quantity, amount: multiply(price, values.quantity) };
}

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

/** A fee at a rate on what would be received, and its asset. */
export function feeOn(side, quantity, amount, rate, rules) {
  const [received, asset, decimals] =
    side === "buy" ? [quantity, rules.base, rules.base_decimals] : [amount, rules.quote, rules.quote_decimals];
  const exact = multiply(received, rate);
  const unit = decimals ? `0.${"1".padStart(decimals, "0")}` : "1";
  return { fee: compare(exact, "0") > 0 ? ceilTo(exact, unit) : exact, asset };
}

/** What one whole base needs, as {asset, price}: a price of null walks the book. */
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

/** The assets that the order needs. */
export function assetsNeeded(values, market) {
  return needs(values, market).map(({ asset }) => asset);
}

/** The largest quantity, in whole lots, that a percentage of the funds is enough for; null: give a price first. */
export function affordable(values, percent, availableOf, market) {
  const { base, base_decimals: decimals, lot_size: lot } = market.rules;
  const quantities = needs(values, market).map(({ asset, price }) => {
    const funds = share(availableOf(asset), percent);
    if (asset === base) return floorTo(funds, lot);
    if (price === null) return walk("buy", { amount: funds }, null, market).quantity;
    return price === "0" ? null : floorTo(divide(funds, price, decimals), lot);
  });
  return quantities.includes(null) ? null : quantities.reduce(smaller);
}

/** What of the quote asset a percentage of the funds spends, or brings. */
export function affordableAmount(values, percent, availableOf, market) {
  const { base, quote, quote_decimals: decimals } = market.rules;
  const funds = share(availableOf(values.side === "buy" ? quote : base), percent);
  if (values.side === "buy") return cut(funds, decimals);
  return cut(walk("sell", { quantity: funds }, marketLimit(values, market), market).amount, decimals);
}

const share = (funds, percent) => divide(multiply(funds, percent), "100", 18);
