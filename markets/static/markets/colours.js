/* Colours for what draws by itself: the page's own, by their names in style.css, and when they are others. */

/** @typedef {Record<"surface" | "line" | "line-strong" | "text" | "dim" | "accent" | "bid" | "ask" | "warn", string>} Colours */

/** @type {(keyof Colours)[]} */
const NAMES = ["surface", "line", "line-strong", "text", "dim", "accent", "bid", "ask", "warn"];

/** The colours as they are now. @returns {Colours} */
export function coloursNow() {
  const style = getComputedStyle(document.documentElement);
  return /** @type {Colours} */ (Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])));
}

/** A colour as six digits, so that what is behind it shows; another as it is.
 * @param {string} colour @param {number} share  0 to 255 */
export function faded(colour, share) {
  return /^#[0-9a-f]{6}$/i.test(colour) ? colour + share.toString(16).padStart(2, "0") : colour;
}

/** Call `changed` whenever the theme is the other one; theme.js says so. @param {() => void} changed */
export function onTheme(changed) {
  document.addEventListener("themechange", changed);
}
