/* Order types: which fields each has, the request that they make, and where its errors belong. No page.
 *
 * Rules:
 * - A type sends the fields that it shows, and no others; an empty one is not sent.
 * - What is typed goes out as typed, less the spaces around it. A percentage goes out as the exact ratio,
 *   a date with its time zone.
 * - A pair's limit order and a bracket's entry are orders like any other; the rest of them are parts.
 * - `within`, how long an order may be on its way, is of the moment when it is sent, and not in the request.
 */

import { ratioOfPercent } from "./decimal.js";

/** @import { OrderType, OrderValues, TimeInForce } from "./types.js" */

/** What each type does, in a sentence. @type {Record<OrderValues["type"], string>} */
export const MEANINGS = {
  limit: "",
  market: "Trades at once with what there is; never waits in the book.",
  stop: "Waits until a trade is at the stop price, then trades like a market order.",
  stop_limit: "Waits until a trade is at the stop price, then is a limit order.",
  take_profit: "Waits until a trade is at the stop price or better, then trades like a market order.",
  take_profit_limit: "Waits until a trade is at the stop price or better, then is a limit order.",
  oco: "A limit order and a stop: when one trades, is triggered or ends, the other is canceled.",
  bracket: "An entry; what it brings is closed again by a take profit, a stop loss, or whichever comes first of both.",
};

/** Waits for a stop price, then trades at once. @param {OrderType} kind */
export const waitsToTrade = (kind) => kind === "stop" || kind === "take_profit";

/** Waits for a stop price, then is a limit order. @param {OrderType} kind */
export const waitsToRest = (kind) => kind === "stop_limit" || kind === "take_profit_limit";

/** The fields of a form; `entry` is the type of a bracket's entry, `by` what a market order is measured in. */
const TEXTS = /** @type {const} */ ([
  "price",
  "stop_price",
  "stop_limit",
  "quantity",
  "quote_quantity",
  "max_slippage",
  "expires_at",
  "display_quantity",
  "take_profit",
  "loss_stop",
  "loss_limit",
]);

/** Where the parts of a request stand in the form; other names are the form's own.
 * @type {Record<string, string>} */
const FIELD_OF_ERROR = {
  stop: "stop_price",
  "stop.stop_price": "stop_price",
  "stop.price": "stop_limit",
  "stop.max_slippage": "max_slippage",
  "take_profit.price": "take_profit",
  stop_loss: "loss_stop",
  "stop_loss.stop_price": "loss_stop",
  "stop_loss.price": "loss_limit",
};

/** The type of the order that comes first: of a bracket its entry, of a pair the limit order.
 * @param {Pick<OrderValues, "type" | "entry">} values @returns {OrderType} */
export function kindOf({ type, entry }) {
  if (type === "bracket") return entry;
  return type === "oco" ? "limit" : type;
}

/** The times in force that the order may have; none, where it has no choice.
 * @param {Pick<OrderValues, "type" | "entry">} values @returns {TimeInForce[]} */
export function timesInForce(values) {
  const kind = kindOf(values);
  if (kind === "market") return [];
  return waitsToTrade(kind) || values.type === "oco" ? ["gtc", "gtd"] : ["gtc", "ioc", "fok", "gtd"];
}

/** The names of the fields that the order has. @param {OrderValues} values @returns {Set<string>} */
export function fieldsOf(values) {
  const { type, by, time_in_force: timeInForce, stop_limit: stopLimit } = values;
  const kind = kindOf(values);
  const shown = new Set(["side", "type", "self_trade_prevention", "within"]);
  const show = (/** @type {boolean} */ when, /** @type {string[]} */ ...names) => when && names.forEach((name) => shown.add(name));
  show(type === "bracket", "entry", "take_profit", "loss_stop", "loss_limit");
  show(kind === "limit" || waitsToRest(kind), "price");
  show(waitsToTrade(kind) || waitsToRest(kind) || type === "oco", "stop_price");
  show(type === "oco", "stop_limit");
  show(type === "market", "by");
  show(true, type === "market" && by === "quote" ? "quote_quantity" : "quantity");
  show(kind === "market" || waitsToTrade(kind) || (type === "oco" && !stopLimit), "max_slippage");
  show(timesInForce(values).length > 0, "time_in_force");
  const rests = kind !== "market" && timeInForce !== "ioc" && timeInForce !== "fok";
  show(kind !== "market" && timeInForce === "gtd", "expires_at");
  show(kind === "limit" && rests, "post_only");
  show((kind === "limit" || waitsToRest(kind)) && rests, "display_quantity");
  return shown;
}

/** The method and the parameters that place the order, without its client_order_id.
 * @param {OrderValues} values @param {string} market */
export function requestOf(values, market) {
  const shown = fieldsOf(values);
  /** @type {Partial<Record<(typeof TEXTS)[number], string>>} */
  const given = {};
  for (const name of TEXTS) if (shown.has(name)) given[name] = values[name];
  if (given.max_slippage) given.max_slippage = ratioOfPercent(given.max_slippage);
  if (given.expires_at) given.expires_at = withZone(given.expires_at);
  const { stop_price, stop_limit, max_slippage, take_profit, loss_stop, loss_limit, ...own } = given;
  /** @type {Record<string, unknown>} */
  const params = { market, side: values.side, type: kindOf(values), ...own };
  if (shown.has("time_in_force")) params.time_in_force = values.time_in_force;
  if (shown.has("post_only")) params.post_only = values.post_only;
  params.self_trade_prevention = values.self_trade_prevention;
  switch (values.type) {
    case "oco":
      delete params.type;
      params.stop = filled({ stop_price, price: stop_limit, max_slippage });
      return { method: "submit_oco", params: filled(params) };
    case "bracket":
      Object.assign(params, { stop_price, max_slippage });
      params.take_profit = take_profit ? { price: take_profit } : "";
      params.stop_loss = loss_stop || loss_limit ? filled({ stop_price: loss_stop, price: loss_limit }) : "";
      return { method: "submit_bracket", params: filled(params) };
    default:
      return { method: "submit_order", params: filled({ ...params, stop_price, max_slippage }) };
  }
}

/** Without what was left empty. @param {Record<string, unknown>} params */
function filled(params) {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== "" && value !== undefined));
}

/** A moment of the reader's own time, "2026-11-22T07:00", as the wire writes it; other text as it is.
 * @param {string} local */
function withZone(local) {
  const moment = new Date(local);
  return Number.isNaN(moment.getTime()) ? local : moment.toISOString();
}

/** The field that an error of the exchange is about. @param {string} name @param {OrderValues["type"]} type */
export function fieldOfError(name, type) {
  if (name === "type" && type === "bracket") return "entry";
  if (FIELD_OF_ERROR[name]) return FIELD_OF_ERROR[name];
  if (name === "deadline") return "within";
  return name.slice(name.lastIndexOf(".") + 1);
}
