/* Totals: price × quantity, and the quantity that a total is enough for. No page.
 *
 * Rules: exact; null where there is nothing to compute with. A quantity is in whole lots, at most the total.
 */

import { compare, decimalsOf, divide, floorTo, isPlain, multiply } from "./decimal.js";

/** @param {string} text @returns {text is string} */
const isPositive = (text) => isPlain(text) && compare(text, "0") > 0;

/** @param {string} price @param {string} quantity as typed @returns {string | null} */
export function totalOf(price, quantity) {
  return isPositive(price) && isPositive(quantity) ? multiply(price, quantity) : null;
}

/** @param {string} total @param {string} price as typed @param {string} lot @returns {string | null} */
export function quantityFor(total, price, lot) {
  return isPositive(total) && isPositive(price) ? floorTo(divide(total, price, decimalsOf(lot)), lot) : null;
}
