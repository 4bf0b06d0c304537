/* What the order form's order would cost or bring, what there is for it, and how far its prices may go.
 *
 * Rules: the numbers are estimate.js's; nothing is said of a market order while the book may be wrong.
 */

import { cut, percentOfRatio, shown } from "./decimal.js";
import { byId, setText } from "./draw.js";
import { assetsNeeded, bandLimit, DEFAULT_STOP_SLIPPAGE, estimate } from "./estimate.js";
import { kindOf, waitsToRest } from "./order_types.js";

/** @import { Market } from "./estimate.js" */
/** @import { OrderValues, Side } from "./types.js" */

/** `band`: the market's price band, also where an auction does not use it.
 * @typedef {{ available: (asset: string) => string, inStep: boolean, band: string | null }} Around */

/** @param {OrderValues} values @param {Market} market @param {Around} around */
export function drawSums(values, market, { available, inStep, band }) {
  const assets = assetsNeeded(values, market);
  setText(byId("available"), assets.map((asset) => `${shown(available(asset))} ${asset}`).join(", "));
  const sums = inStep || kindOf(values) !== "market" ? estimate(values, market) : null;
  const cost = sums && [`${shown(cut(sums.amount, 8))} ${sums.asset}`, sums.short].filter(Boolean).join(" ");
  setText(byId("cost"), cost ?? "–");
  setText(byId("fee"), sums === null ? "–" : `${shown(sums.fee.fee)} ${sums.fee.asset}`);
  const { maker, taker } = market.rates;
  setText(byId("rates"), `maker ${percentOfRatio(maker)} %, taker ${percentOfRatio(taker)} %`);
  setText(byId("cost-label"), sums?.label ?? (values.side === "buy" ? "Cost" : "Proceeds"));
  setText(byId("fee-label"), sums?.feeLabel ?? "Fee");
  setText(byId("max_slippage-hint"), slippageHint(values, band));
  drawBand(values, market);
}

/** Which prices the band allows now, at each price that it is about.
 * @param {OrderValues} values @param {Market} market */
function drawBand(values, market) {
  const other = values.side === "buy" ? "sell" : "buy";
  const stop = waitsToRest(kindOf(values)) ? values.stop_price : market.reference;
  /** @type {[string, Side, string | null][]} */
  const bands = [
    ["price-band", values.side, stop],
    ["stop_limit-band", values.side, values.stop_price],
    ["loss_limit-band", other, values.loss_stop],
  ];
  for (const [id, side, reference] of bands) {
    const limit = bandLimit(side, reference, market);
    const words = limit === null ? "" : `Price band: ${side === "buy" ? "at most" : "at least"} ${shown(limit)}`;
    setText(byId(id), words);
    byId(id).hidden = words === "";
  }
}

/** What an empty slippage means. @param {OrderValues} values @param {string | null} band */
function slippageHint(values, band) {
  if (kindOf(values) === "market") return band === null ? "Empty: any price" : "Empty: the price band";
  if (values.side === "sell") return "Empty: any price";
  return `Empty: ${percentOfRatio(band ?? DEFAULT_STOP_SLIPPAGE)} %`;
}
