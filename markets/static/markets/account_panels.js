/* What an account has: its balances, how numbers of each market line up, and play money. */

import { compare, decimalsOf, shown } from "./decimal.js";
import { byId, note, Rows, rowOf, setText } from "./draw.js";
import { post } from "./rest.js";
import { inWords } from "./words.js";

/** @import { Balance, MarketRules } from "./types.js" */

/** @typedef {(symbol: string) => { price: number, quantity: number }} PlacesOf */
/** @typedef {{ values: Map<string, string>, sum: string | null }} Worth */

/** So that a column lines up: how many places prices and quantities of each market have.
 * @param {MarketRules[]} markets @returns {PlacesOf} */
export function decimalsByMarket(markets) {
  const places = new Map();
  for (const { symbol, tick_size: tick, lot_size: lot } of markets) {
    places.set(symbol, { price: decimalsOf(tick), quantity: decimalsOf(lot) });
  }
  // A market that was made after the page was loaded.
  return (symbol) => places.get(symbol) ?? { price: 0, quantity: 0 };
}

/** A balance with what it is worth; null: nobody knows. @typedef {Balance & { value: string | null }} ValuedBalance */

export class Balances {
  /** @type {Map<string, ValuedBalance>} So that a row whose balance and value are the same is not drawn again. */
  #valued = new Map();

  constructor() {
    /** @type {Rows<ValuedBalance>} */
    this.rows = new Rows(byId("balances"), byId("balances-nothing"), () => {
      const { row, cells } = rowOf("", "number", "number", "number", "number dim value");
      return {
        row,
        update({ asset, available, held, total, value }) {
          setText(cells[0], asset);
          setText(cells[1], shown(available));
          setText(cells[2], shown(held));
          cells[2].classList.toggle("dim", compare(held, "0") === 0);
          setText(cells[3], shown(total));
          setText(cells[4], value === null ? "–" : shown(value));
          row.dataset.asset = asset;
        },
      };
    });
  }

  /** @param {Map<string, Balance>} balances @param {Worth} worth */
  draw(balances, { values, sum }) {
    const byAsset = [...balances.values()].sort((a, b) => (a.asset < b.asset ? -1 : 1));
    this.rows.draw(byAsset.map((balance) => this.#value(balance, values.get(balance.asset) ?? null)), ({ asset }) => asset);
    byId("worth").hidden = sum === null;
    setText(byId("worth-sum"), shown(sum ?? "0"));
  }

  /** @param {Balance} balance @param {string | null} value @returns {ValuedBalance} */
  #value(balance, value) {
    const old = this.#valued.get(balance.asset);
    const isSame = old?.value === value && old.total === balance.total && old.available === balance.available;
    if (old && isSame) return old;
    const valued = { ...balance, value };
    this.#valued.set(balance.asset, valued);
    return valued;
  }
}

/** Play money on request; a sandbox has the button, and the exchange decides.
 * @param {HTMLButtonElement} button @param {HTMLElement} told */
export function connectFaucet(button, told) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { ok, body } = await post("faucet");
      if (ok) note(told, "Play money is on its way to your balances.", "good");
      else note(told, inWords(body.detail ?? body.code), "bad");
    } catch {
      note(told, "The exchange did not answer; try again.", "bad");
    } finally {
      button.disabled = false;
    }
  });
}
