/* Words: what the exchange says in fields, codes and reasons, as a person would say it.
 *
 * Rules: no name of a field and no code is shown as it is; numbers are shown whole, as everywhere.
 */

import { compare, shown } from "./decimal.js";

/** @import { MarketStatus, Order, Placed, Timestamp } from "./types.js" */

/** How a text is coloured. @typedef {"good" | "bad" | ""} Kind */

/** Why an order ended without being filled whole. @type {Record<string, string>} */
const REASONS = {
  canceled_by_owner: "you canceled it",
  canceled_by_operator: "the operator canceled it",
  cancel_all: "you canceled all orders",
  cancel_after: "the dead man's switch went off",
  cancel_on_disconnect: "its connection was lost",
  amended: "it was amended to no more than was filled",
  ioc_remainder: "no more could be had at once",
  fok_unfillable: "it could not be filled whole at once",
  no_liquidity: "nobody is left on the other side",
  price_band: "the next price was beyond the price band",
  self_trade_prevention: "it would have met an order of your own",
  expired: "its time was up",
  oco: "the other order of its pair traded, was triggered or ended",
  bracket: "another order of its bracket traded or ended",
  market_closed: "the market closed",
  account_frozen: "the operator froze your account",
};

/** What an order is to its group. @type {Record<string, string>} */
const ROLES = {
  oco_limit: "OCO: one of two that cancel each other",
  oco_stop: "OCO: one of two that cancel each other",
  entry: "bracket: the entry",
  take_profit: "bracket: the take profit",
  stop_loss: "bracket: the stop loss",
};

/** What fields are called where their own name says too little; the longest are replaced first.
 * @type {[name: string, better: string][]} */
const NAMES = [
  ["take_profit.price", "the take profit"],
  ["stop_loss.stop_price", "the stop loss"],
  ["stop_loss.price", "the stop loss's limit"],
  ["stop.stop_price", "the stop price"],
  ["stop.price", "the stop's limit"],
  ["display_quantity", "the shown quantity"],
  ["quote_quantity", "the amount"],
  ["expires_at", "the date"],
  ["above price", "above the price"],
];

/** @type {Partial<Record<Order["status"], string>>} */
const STATUSES = { untriggered: "waiting" };
/** @type {Partial<Record<Order["type"], string>>} */
const STOPS = {
  stop: "stop",
  stop_limit: "stop-limit",
  take_profit: "take profit",
  take_profit_limit: "take-profit limit",
};

/** "tick_size 0.01" as "Tick size 0.01". @param {unknown} text */
export function inWords(text, { sentence = true } = {}) {
  let words = String(text);
  for (const [name, better] of NAMES) words = words.replaceAll(name, better);
  words = words.replaceAll(/(?<=[a-z])_(?=[a-z])/g, " ");
  return sentence ? words.charAt(0).toUpperCase() + words.slice(1) : words;
}

/** An error about a percentage, which the exchange speaks of as a ratio. @param {string} text */
export function percentWords(text) {
  if (text.includes("smallest ratio")) return "Give at most four places after the point.";
  return text.includes("ratio from 0 to 1") ? "Give a percentage from 0 to 100." : inWords(text);
}

/** @param {Pick<Order, "status">} order */
export function statusWord(order) {
  return STATUSES[order.status] ?? inWords(order.status, { sentence: false });
}

/** @param {Order} order */
function reasonWords(order) {
  if (order.reason === "no_liquidity" && order.max_slippage !== null) return "nobody is left within its slippage";
  return REASONS[order.reason ?? ""] ?? inWords(order.reason ?? order.status, { sentence: false });
}

/** "a trade at 101 or above": what a stop waits for; a take profit waits the other way round. @param {Order} order */
function triggerWords({ side, type, stop_price: price }) {
  const rises = (side === "buy") !== type.startsWith("take_profit");
  return `a trade at ${shownOf(price)} or ${rises ? "above" : "below"}`;
}

/** A price that an order of its kind has. @param {string | null} number */
const shownOf = (number) => shown(/** @type {string} */ (number));

/** A moment of the reader's own time: "22 Nov 2026, 07:00:00". @param {Timestamp} timestamp */
export function momentWords(timestamp) {
  const moment = new Date(timestamp);
  const day = moment.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  return `${day}, ${moment.toLocaleTimeString("en-GB")}`;
}

/** What its row of numbers does not say of an open order, piece by piece. @param {Order} order */
export function details(order) {
  const said = [];
  const isStop = order.stop_price !== null;
  const isExit = order.group_role === "take_profit" || order.group_role === "stop_loss";
  if (order.group_role !== null) said.push(ROLES[order.group_role]);
  if (isExit && compare(order.quantity, "0") === 0) said.push("waits for what the entry brings");
  if (isStop && order.status === "untriggered") said.push(`${STOPS[order.type]}: waits for ${triggerWords(order)}`);
  else if (isStop) said.push(`triggered at ${shownOf(order.stop_price)}`);
  if (order.display_quantity !== null) said.push(`shows ${shown(order.display_quantity)} of ${shown(order.quantity)}`);
  if (order.expires_at !== null) said.push(`until ${momentWords(order.expires_at)}`);
  if (order.post_only) said.push("post only");
  if (order.cancel_on_disconnect) said.push("ends with its connection");
  return said.map((piece) => piece.charAt(0).toUpperCase() + piece.slice(1));
}

/** What became of an order that has ended. @param {Order} order */
export function ending(order) {
  const traded = compare(order.filled_quantity, "0") > 0;
  const at = traded ? ` at ${shownOf(order.average_price)} on average` : "";
  if (order.status === "filled") return `Filled${at}.`;
  const end = order.status === "expired" ? "expired" : "canceled";
  const why = reasonWords(order);
  if (!traded) return `${end.charAt(0).toUpperCase()}${end.slice(1)}: ${why}.`;
  return `Filled ${shown(order.filled_quantity)}${at}; the rest ${end}: ${why}.`;
}

/** What became of an order, or of a group, that was just placed.
 * @param {Placed} placed @param {string} base @returns {{ text: string, kind: Kind }} */
export function outcome(placed, base, { auction = false } = {}) {
  if (!("orders" in placed)) return orderOutcome(placed, base, auction);
  return placed.type === "oco" ? pairOutcome(placed.orders, base, auction) : bracketOutcome(placed.orders, base, auction);
}

/** @param {Order} order @param {string} base @param {boolean} auction @returns {{ text: string, kind: Kind }} */
function orderOutcome(order, base, auction) {
  const quantity = (/** @type {string} */ value) => `${shown(value)} ${base}`;
  const done = order.side === "buy" ? "Bought" : "Sold";
  const traded = compare(order.filled_quantity, "0") > 0;
  const summary = traded && `${done} ${quantity(order.filled_quantity)} at ${shownOf(order.average_price)} on average`;
  const wish = `${order.side} ${quantity(order.quantity)}`;
  switch (order.status) {
    case "filled":
      return { text: `${summary}.`, kind: "good" };
    case "open":
      return { text: `Placed: ${wish} at ${shownOf(order.price)}${auction ? ", matched at the opening" : ""}.`, kind: "good" };
    case "untriggered":
      return { text: `Placed: ${wish}${order.price === null ? "" : ` at ${shown(order.price)}`}, after ${triggerWords(order)}.`, kind: "good" };
    case "partially_filled":
      return { text: `${summary}; the rest, ${quantity(order.remaining_quantity)}, is in the book at ${shownOf(order.price)}.`, kind: "good" };
    default: {
      const end = order.status === "expired" ? "expired" : "was canceled";
      return traded
        ? { text: `${summary}; the rest ${end}: ${reasonWords(order)}.`, kind: "good" }
        : { text: `Nothing was ${done.toLowerCase()}: ${reasonWords(order)}.`, kind: "bad" };
    }
  }
}

/** @param {Order[]} orders @param {string} base @param {boolean} auction @returns {{ text: string, kind: Kind }} */
function pairOutcome([limit, stop], base, auction) {
  if (limit.reason === "oco") {
    const { text, kind } = orderOutcome(stop, base, auction);
    return { text: `The stop was triggered at once, and the limit order canceled. ${text}`, kind };
  }
  const { text, kind } = orderOutcome(limit, base, auction);
  const stays = stop.status === "untriggered";
  return { text: `${text} ${stays ? `Its stop waits for ${triggerWords(stop)}.` : "Its stop was canceled."}`, kind };
}

/** @param {Order[]} orders @param {string} base @param {boolean} auction @returns {{ text: string, kind: Kind }} */
function bracketOutcome([entry, ...exits], base, auction) {
  const { text, kind } = orderOutcome(entry, base, auction);
  /** @type {Record<string, string>} */
  const names = { take_profit: "take profit", stop_loss: "stop loss" };
  const which = inWords(exits.map((exit) => `${names[exit.group_role ?? ""]} at ${shownOf(exit.stop_price ?? exit.price)}`).join(" and "));
  const one = exits.length === 1;
  const live = exits.filter(({ status }) => status === "untriggered" || status === "open" || status === "partially_filled");
  if (!live.length) return { text: `${text} ${which} ${one ? "has" : "have"} ended with it.`, kind };
  const armed = exits.some(({ quantity }) => compare(quantity, "0") > 0);
  const state = armed ? (one ? "is in place" : "are in place") : `${one ? "waits" : "wait"} for what it brings`;
  return { text: `${text} ${which} ${state}.`, kind };
}

/** What a market's status takes; empty for an open market.
 * @param {string} symbol @param {MarketStatus} status */
export function statusSentence(symbol, status) {
  switch (status) {
    case "auction":
      return (
        `${symbol} is in an auction: limit and stop orders that may rest are collected, and matched at the ` +
        "opening, all at one price. Market, IOC, FOK and post-only orders are refused."
      );
    case "halted":
      return `${symbol} is halted: no orders and no amendments are taken. What rests stays, and may be canceled.`;
    case "closed":
      return `${symbol} is closed: no orders are taken, and what rested was canceled.`;
    default:
      return "";
  }
}

/** "1:05" or "2:00:05": whole seconds left, none of them less than nothing. @param {number} milliseconds */
export function timeLeft(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
