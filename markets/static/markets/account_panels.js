/* What an account has: its balances, how numbers of each market line up, and play money. */

import { compare, decimalsOf, shown } from "./decimal.js";
import { byId, note, Rows, rowOf, setText } from "./draw.js";
import { post } from "./rest.js";
import { inWords } from "./words.js";

/** So that a column lines up: how many places prices and quantities of each market have. */
export function decimalsByMarket(markets) {
  const places = new Map();
  for (const { symbol, tick_size: tick, lot_size: lot } of markets) {
    places.set(symbol, { price: decimalsOf(tick), quantity: decimalsOf(lot) });
  }
  // A market that was made after the page was loaded.
  return (symbol) => places.get(symbol) ?? { price: 0, quantity: 0 };
}

export class Balances {
  constructor() {
    this.rows = new Rows(byId("balances"), byId("balances-nothing"), () => {
      const { row, cells } = rowOf("", "number", "number", "number");
      return {
        row,
        update({ asset, available, held, total }) {
          setText(cells[0], asset);
          setText(cells[1], shown(available));
          setText(cells[2], shown(held));
          cells[2].classList.toggle("dim", compare(held, "0") === 0);
          setText(cells[3], shown(total));
          row.dataset.asset = asset;
        },
      };
    });
  }

  draw(balances) {
    const byAsset = [...balances.values()].sort((a, b) => (a.asset < b.asset ? -1 : 1));
    this.rows.draw(byAsset, (balance) => balance.asset);
  }
}

/** Play money on request; a sandbox has the button, and the exchange decides. */
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
