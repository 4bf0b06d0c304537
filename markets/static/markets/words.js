/* Words: what the exchange says in fields, codes and reasons, as a person would say it. */

import { compare, shown } from "./decimal.js";

const REASONS = {
  ioc_remainder: "no more could be had at once",
  fok_unfillable: "it could not be filled whole",
  no_liquidity: "nobody is left on the other side",
  self_trade_prevention: "it would have met an order of your own",
  canceled_by_owner: "you canceled it",
  canceled_by_operator: "the operator canceled it",
  market_closed: "the market closed",
};

/** "tick_size 0.01" as "Tick size 0.01". */
export function inWords(text, { sentence = true } = {}) {
  const words = String(text).replaceAll(/(?<=[a-z])_(?=[a-z])/g, " ");
  return sentence ? words.charAt(0).toUpperCase() + words.slice(1) : words;
}

/** What became of an order that was just submitted: {text, kind}. */
export function outcome(order, base) {
  const quantity = (value) => `${shown(value)} ${base}`;
  const done = order.side === "buy" ? "Bought" : "Sold";
  const traded = compare(order.filled_quantity, "0") > 0;
  const summary = traded && `${done} ${quantity(order.filled_quantity)} at ${shown(order.average_price)} on average`;
  const rest = traded && `the rest, ${quantity(order.remaining_quantity)},`;
  switch (order.status) {
    case "filled":
      return { text: `${summary}.`, kind: "good" };
    case "open":
      return { text: `Placed: ${order.side} ${quantity(order.quantity)} at ${shown(order.price)}.`, kind: "good" };
    case "partially_filled":
      return { text: `${summary}; ${rest} is in the book at ${shown(order.price)}.`, kind: "good" };
    default: {
      const reason = REASONS[order.reason] ?? inWords(order.reason ?? order.status, { sentence: false });
      return traded
        ? { text: `${summary}; the rest was canceled: ${reason}.`, kind: "good" }
        : { text: `Nothing was ${done.toLowerCase()}: ${reason}.`, kind: "bad" };
    }
  }
}
