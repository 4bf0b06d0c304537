/* What its owner sees of an account: open orders and the way to cancel them, fills, balances. */

import { Refusal } from "./connection.js";
import { compare, decimalsOf, shown } from "./decimal.js";
import { byId, element, note, Rows, rowOf, setText, setTime } from "./draw.js";
import { inWords } from "./words.js";

const sideClass = (side) => (side === "buy" ? "bid" : "ask");

/** So that a column lines up: how many places prices and quantities of each market have. */
export function decimalsByMarket(markets) {
  const places = new Map();
  for (const { symbol, tick_size: tick, lot_size: lot } of markets) {
    places.set(symbol, { price: decimalsOf(tick), quantity: decimalsOf(lot) });
  }
  // A market that was made after the page was loaded.
  return (symbol) => places.get(symbol) ?? { price: 0, quantity: 0 };
}

export class OpenOrders {
  constructor(symbol, decimals, trading) {
    this.symbol = symbol;
    this.decimals = decimals;
    this.trading = trading;
    this.note = byId("orders-note");
    this.onlyHere = byId("orders-here");
    this.cancelAll = byId("cancel-all");
    this.rows = new Rows(byId("orders"), byId("orders-nothing"), () => this.#makeRow());
    this.onlyHere.addEventListener("change", () => this.draw());
    this.cancelAll.addEventListener("click", () => this.#cancelAll());
  }

  draw() {
    const here = [...this.trading.orders.values()]
      .filter((order) => !this.onlyHere.checked || order.market === this.symbol)
      .sort((a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0));
    byId("orders-table").classList.toggle("one-market", this.onlyHere.checked);
    this.rows.draw(here, (order) => order.id);
    setText(byId("orders-count"), here.length ? String(here.length) : "");
    this.cancelAll.disabled = here.length === 0 || this.trading.link !== "ready";
  }

  #makeRow() {
    const { row, cells } = rowOf("market", "", "number", "number", "number", "wide-only dim", "wide-only dim", "action");
    const cancel = cells[7].appendChild(element("button", "button small-button", "Cancel"));
    cancel.type = "button";
    cancel.addEventListener("click", () => this.#cancel(row.dataset.id, cancel));
    return {
      row,
      update: (order) => {
        const places = this.decimals(order.market);
        row.dataset.id = order.id;
        setText(cells[0], order.market);
        setText(cells[1], order.side);
        cells[1].className = sideClass(order.side);
        setText(cells[2], order.price === null ? "market" : shown(order.price, places.price));
        setText(cells[3], shown(order.quantity, places.quantity));
        setText(cells[4], shown(order.filled_quantity, places.quantity));
        setText(cells[5], inWords(order.status, { sentence: false }));
        setTime(cells[6], order.created_at);
        cancel.setAttribute("aria-label", `Cancel ${order.side} ${order.quantity} at ${order.price}`);
      },
    };
  }

  async #cancel(id, button) {
    button.disabled = true;
    note(this.note, "");
    try {
      await this.trading.cancel(id);
    } catch (error) {
      // Ended already, by a fill or by an earlier attempt of ours: the tables show how.
      const wasCanceled = error instanceof Refusal && error.order?.status === "canceled";
      if (!wasCanceled) note(this.note, `Not canceled: ${inWords(error.message, { sentence: false })}`, "bad");
    } finally {
      button.disabled = false;
    }
  }

  async #cancelAll() {
    this.cancelAll.disabled = true;
    note(this.note, "");
    try {
      const { canceled } = await this.trading.cancelAll(this.onlyHere.checked ? this.symbol : null);
      note(this.note, `Canceled ${canceled.length} ${canceled.length === 1 ? "order" : "orders"}.`, "good");
    } catch (error) {
      note(this.note, `Not canceled: ${inWords(error.message, { sentence: false })}`, "bad");
    }
    this.draw();
  }
}

export class Fills {
  constructor(decimals) {
    this.rows = new Rows(byId("fills"), byId("fills-nothing"), () => {
      const { row, cells } = rowOf("", "", "number", "number", "number dim fee", "wide-only dim", "number dim");
      return {
        row,
        update(fill) {
          const places = decimals(fill.market);
          setText(cells[0], fill.market);
          setText(cells[1], fill.side);
          cells[1].className = sideClass(fill.side);
          setText(cells[2], shown(fill.price, places.price));
          setText(cells[3], shown(fill.quantity, places.quantity));
          setText(cells[4], `${shown(fill.fee)} ${fill.fee_asset}`);
          setText(cells[5], fill.liquidity);
          setTime(cells[6], fill.timestamp);
        },
      };
    });
  }

  draw(fills) {
    // An account that trades with itself has two fills of one trade.
    this.rows.draw(fills, (fill) => `${fill.id} ${fill.order_id}`);
  }
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
      const token = document.querySelector('meta[name="csrf-token"]').content;
      const answer = await fetch("/api/v1/faucet", { method: "POST", headers: { "X-CSRFToken": token } });
      const body = await answer.json();
      if (answer.ok) note(told, "Play money is on its way to your balances.", "good");
      else note(told, inWords(body.detail ?? body.code), "bad");
    } catch {
      note(told, "The exchange did not answer; try again.", "bad");
    } finally {
      button.disabled = false;
    }
  });
}
