/* The charts' tables: the same numbers to read, for whoever sees no picture or wants them exactly. */

import { decimalsOf, percentOfRatio, shown } from "./decimal.js";
import { rowOf, setText } from "./draw.js";

/** @import { Bar } from "./candles.js" */
/** @import { MarketRules } from "./types.js" */

/** A row of the candles' table. @param {number} decimals of a price @param {(bar: Bar) => string} when */
export function candleRow(decimals, when) {
  return () => {
    const { row, cells } = rowOf("", "number", "number", "number", "number", "number", "number");
    /** @param {Bar} bar */
    const update = (bar) => {
      const numbers = [bar.open, bar.high, bar.low, bar.close].map((price) => shown(price, decimals));
      [when(bar), ...numbers, shown(bar.volume), String(bar.trades)].forEach((text, at) => setText(cells[at], text));
    };
    return { row, update };
  };
}

/** A row of the depth's table. @param {MarketRules} rules */
export function depthRow({ lot_size: lot }) {
  const decimals = decimalsOf(lot);
  return () => {
    const { row, cells } = rowOf("", "number bid", "number ask");
    /** @param {{ share: string, bids: string, asks: string }} sums */
    const update = ({ share, bids, asks }) => {
      [`${percentOfRatio(share)} %`, shown(bids, decimals), shown(asks, decimals)].forEach((text, at) => setText(cells[at], text));
    };
    return { row, update };
  };
}
