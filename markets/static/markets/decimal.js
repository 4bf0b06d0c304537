/* Exact decimals: plain decimal strings in, canonical decimal strings out, BigInt between.
 *
 * Rules:
 * - No float is ever made of a price, a quantity or an amount; `ratio` alone returns a Number, for
 *   the width of a bar.
 * - Canonical: no exponent, no leading `+` or zeros, no trailing zeros after the point.
 * - What is no plain decimal throws NotADecimal, unless `isPlain` was asked first.
 */

const PLAIN = /^-?[0-9]+(\.[0-9]+)?$/;

/** The text is no plain decimal number. */
export class NotADecimal extends Error {}

/** Whether the value is a plain decimal string. @param {unknown} value @returns {value is string} */
export function isPlain(value) {
  return typeof value === "string" && PLAIN.test(value);
}

/** Split "12.50" into 1250n and a scale of 2. @param {string} text */
function split(text) {
  if (!isPlain(text)) throw new NotADecimal(`not a plain decimal: ${JSON.stringify(text)}`);
  const point = text.indexOf(".");
  if (point < 0) return { units: BigInt(text), scale: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

/** @param {bigint} units @param {number} scale */
function join(units, scale) {
  const sign = units < 0n ? "-" : "";
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  return sign + (fraction ? `${whole}.${fraction}` : whole);
}

/** Both numbers in units of the finer one's last place.
 * @param {string} first @param {string} second @returns {[bigint, bigint, number]} */
function aligned(first, second) {
  const a = split(first);
  const b = split(second);
  const scale = Math.max(a.scale, b.scale);
  return [a.units * 10n ** BigInt(scale - a.scale), b.units * 10n ** BigInt(scale - b.scale), scale];
}

/** The number's one text: "1.50" is "1.5". @param {string} text */
export function canonical(text) {
  const { units, scale } = split(text);
  return join(units, scale);
}

/** Below 0, 0 or above 0, as `first` is less than, equal to or more than `second`.
 * @param {string} first @param {string} second */
export function compare(first, second) {
  const [a, b] = aligned(first, second);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @param {string} first @param {string} second */
export function add(first, second) {
  const [a, b, scale] = aligned(first, second);
  return join(a + b, scale);
}

/** @param {string} first @param {string} second */
export function subtract(first, second) {
  const [a, b, scale] = aligned(first, second);
  return join(a - b, scale);
}

/** @param {string} first @param {string} second */
export function multiply(first, second) {
  const a = split(first);
  const b = split(second);
  return join(a.units * b.units, a.scale + b.scale);
}

/** `first` ÷ `second`, cut off after `decimals` places.
 * @param {string} first @param {string} second @param {number} decimals */
export function divide(first, second, decimals) {
  const [a, b] = aligned(first, second);
  return join((a * 10n ** BigInt(decimals)) / b, decimals);
}

/** The largest multiple of `step` (above 0) that is at most `value` (0 or above).
 * @param {string} value @param {string} step */
export function floorTo(value, step) {
  const [a, b, scale] = aligned(value, step);
  return join((a / b) * b, scale);
}

/** The smallest multiple of `step` (above 0) that is at least `value` (0 or above).
 * @param {string} value @param {string} step */
export function ceilTo(value, step) {
  const [a, b, scale] = aligned(value, step);
  return join(((a + b - 1n) / b) * b, scale);
}

/** The larger of two numbers. @param {string} first @param {string} second */
export function larger(first, second) {
  return compare(first, second) < 0 ? second : first;
}

/** The smaller of two numbers. @param {string} first @param {string} second */
export function smaller(first, second) {
  return compare(first, second) < 0 ? first : second;
}

/** A percentage as the ratio that it is: "0.5" is "0.005". What is no plain decimal stays as it is.
 * @param {string} text */
export function ratioOfPercent(text) {
  return isPlain(text) ? divide(text, "100", decimalsOf(text) + 2) : text;
}

/** A ratio as the percentage that it is: "0.005" is "0.5". @param {string} text */
export function percentOfRatio(text) {
  return multiply(text, "100");
}

/** `first` ÷ `second` between 0 and 1 as a Number: for drawing only.
 * @param {string} first @param {string} second */
export function ratio(first, second) {
  const [a, b] = aligned(first, second);
  return b <= 0n ? 0 : Math.min(1, Math.max(0, Number((a * 10000n) / b) / 10000));
}

/** How many places after the point the canonical text has. @param {string} text */
export function decimalsOf(text) {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
}

/** For the eye: at least `decimals` places, so that a column lines up, and thousands apart.
 * @param {string} text */
export function shown(text, decimals = 0) {
  const point = text.indexOf(".");
  const whole = (point < 0 ? text : text.slice(0, point)).replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = (point < 0 ? "" : text.slice(point + 1)).padEnd(decimals, "0");
  return fraction ? `${whole}.${fraction}` : whole;
}

/** For the eye: cut off after `decimals` places. Not for money that must add up on the screen.
 * @param {string} text @param {number} decimals */
export function cut(text, decimals) {
  const point = text.indexOf(".");
  return point < 0 || text.length - point - 1 <= decimals
    ? text
    : canonical(decimals ? text.slice(0, point + 1 + decimals) : text.slice(0, point));
}
