/* Estimates for the order form: what an order would cost, and how much the funds are enough for.
 *
 * Rules:
 * - Exact arithmetic; a market order walks the page's own book, and is an estimate for that reason.
 * - A fee is taken from the asset that is received, and rounded up to its smallest unit.
 */

import { add, compare, divide, floorTo, multiply, subtract } from "./decimal.js";

/** Price × quantity; of a market order, as far as the other side reaches: {amount, whole}. */
export function notional({ type, side, price, quantity }, book) {
  if (type === "limit") return { amount: multiply(price, quantity), whole: true };
  let amount = "0";
  let left = quantity;
  for (const [levelPrice, levelQuantity] of side === "buy" ? book.asks() : book.bids()) {
    const part = compare(left, levelQuantity) < 0 ? left : levelQuantity;
    amount = add(amount, multiply(levelPrice, part));
    left = subtract(left, part);
    if (left === "0") break;
  }
  return { amount, whole: left === "0" };
}

/** The taker's fee on what would be received, and its asset. */
export function highestFee(side, quantity, amount, rules) {
  const [received, asset, decimals] =
    side === "buy" ? [quantity, rules.base, rules.base_decimals] : [amount, rules.quote, rules.quote_decimals];
  const exact = multiply(received, rules.taker_fee_rate);
  const down = divide(exact, "1", decimals);
  const unit = decimals ? `0.${"1".padStart(decimals, "0")}` : "1";
  return { fee: down === exact ? down : add(down, unit), asset };
}

/** The largest quantity, in whole lots, that `funds` are enough for. */
export function affordable({ type, side, price }, funds, rules, book) {
  if (side === "sell") return floorTo(funds, rules.lot_size);
  if (type === "limit") {
    return compare(price, "0") > 0 ? floorTo(divide(funds, price, rules.base_decimals), rules.lot_size) : "0";
  }
  let quantity = "0";
  let left = funds;
  for (const [levelPrice, levelQuantity] of book.asks()) {
    const cost = multiply(levelPrice, levelQuantity);
    if (compare(cost, left) > 0) {
      quantity = add(quantity, divide(left, levelPrice, rules.base_decimals));
      break;
    }
    quantity = add(quantity, levelQuantity);
    left = subtract(left, cost);
  }
  return floorTo(quantity, rules.lot_size);
}
