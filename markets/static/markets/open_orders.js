/* Open orders: what rests and what waits, in words where numbers say too little, and the ways to change it.
 *
 * Rules:
 * - Orders come and go by the private channel alone; an answer only says what to tell.
 * - An order has its row of numbers, a row of words where it has any, and a form while it is amended.
 */

import { AmendForm } from "./amend_form.js";
import { Refusal } from "./connection.js";
import { compare, shown } from "./decimal.js";
import { button, byId, element, note, Rows, rowOf, setText, setTime, sideClass, wordsRow } from "./draw.js";
import { OPEN_STATUSES } from "./ended_orders.js";
import { details, ending, inWords, statusWord } from "./words.js";

/** @import { Entry } from "./draw.js" */
/** @import { PlacesOf } from "./account_panels.js" */
/** @import { Trading } from "./trading.js" */
/** @import { Order, Side } from "./types.js" */

/** @typedef {ReturnType<typeof makeWords>} Words */

const CELLS = ["market", "", "number", "number", "wide-only number", "wide-only dim", "wide-only dim", "action"];
const SIDES = { "": "all", buy: "buys", sell: "sells" };

export class OpenOrders {
  /** @param {string} symbol of the page's market @param {PlacesOf} decimals @param {Trading} trading */
  constructor(symbol, decimals, trading) {
    this.symbol = symbol;
    this.decimals = decimals;
    this.trading = trading;
    this.note = byId("orders-note");
    this.onlyHere = byId("orders-here", HTMLInputElement);
    this.side = byId("cancel-side", HTMLSelectElement);
    this.cancelAll = byId("cancel-all", HTMLButtonElement);
    /** @type {Rows<Order>} */
    this.rows = new Rows(byId("orders"), byId("orders-nothing"), () => this.#makeEntry());
    this.onlyHere.addEventListener("change", () => this.draw());
    this.side.addEventListener("change", () => this.draw());
    this.cancelAll.addEventListener("click", () => this.#cancelAll());
  }

  draw() {
    const here = [...this.trading.orders.values()]
      .filter((order) => !this.onlyHere.checked || order.market === this.symbol)
      .sort((a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : a.id < b.id ? -1 : 1));
    byId("orders-table").classList.toggle("one-market", this.onlyHere.checked);
    this.rows.draw(here, (order) => order.id);
    for (const id of ["orders-count", "views-count"]) setText(byId(id), here.length ? String(here.length) : "");
    const side = /** @type {keyof typeof SIDES} */ (this.side.value);
    setText(this.cancelAll, `Cancel ${SIDES[side]}${this.onlyHere.checked ? "" : ", all markets"}`);
    this.cancelAll.title = this.onlyHere.checked ? `In ${this.symbol}` : "In all markets";
    const meant = here.some((order) => side === "" || order.side === side);
    this.cancelAll.disabled = !meant || this.trading.link !== "ready";
  }

  /** @returns {Entry<Order>} */
  #makeEntry() {
    const { row, cells } = rowOf(...CELLS);
    const words = makeWords();
    const [amend, cancel] = ["Amend", "Cancel"].map((name) => cells[7].appendChild(button("button small-button", name)));
    /** @type {Order} */
    let order;
    /** @type {AmendForm | null} */
    let form = null;
    const close = () => {
      form?.row.remove();
      form = null;
      amend.setAttribute("aria-expanded", "false");
    };
    amend.setAttribute("aria-expanded", "false");
    amend.addEventListener("click", () => {
      if (form) return close();
      const opened = new AmendForm(order, CELLS.length, (changes) => this.#amend(order, changes), () => {
        if (form !== opened) return;
        close();
        amend.focus();
      });
      form = opened;
      amend.setAttribute("aria-expanded", "true");
      this.draw();
      return form.open();
    });
    cancel.addEventListener("click", () => this.#cancel(order.id, cancel));
    return {
      row,
      rows: () => [row, ...(words.row.hidden ? [] : [words.row]), ...(form ? [form.row] : [])],
      update: (now) => {
        order = now;
        this.#write(now, cells, words);
        amend.setAttribute("aria-label", `Amend ${nameOf(now)}`);
        cancel.setAttribute("aria-label", `Cancel ${nameOf(now)}`);
        row.dataset.id = now.id;
      },
      left: () => {
        if (form) this.#sayEnded(order, form);
      },
    };
  }

  /** @param {Order} order @param {HTMLTableCellElement[]} cells @param {Words} words */
  #write(order, cells, words) {
    const places = this.decimals(order.market);
    setText(cells[0], order.market);
    setText(cells[1], order.side);
    cells[1].className = sideClass(order.side);
    setText(cells[2], order.price === null ? "market" : shown(order.price, places.price));
    setText(cells[3], shown(order.quantity, places.quantity));
    setText(cells[4], shown(order.filled_quantity, places.quantity));
    setText(cells[5], statusWord(order));
    setTime(cells[6], order.created_at);
    const said = details(order);
    const filled = compare(order.filled_quantity, "0") > 0 ? `Filled ${shown(order.filled_quantity)}` : "";
    setText(words.filled, filled && said.length ? `${filled} · ` : filled);
    setText(words.rest, said.join(" · "));
    words.row.classList.toggle("narrow-only", !said.length);
    words.row.hidden = !said.length && filled === "";
    if (words.row.hidden) words.row.remove();
  }

  /** @param {Order} order @param {Record<string, string>} changes */
  async #amend(order, changes) {
    note(this.note, "");
    const amended = await this.trading.amend(order.id, changes);
    const filled = compare(amended.filled_quantity, "0") > 0 ? `, filled ${shown(amended.filled_quantity)}` : "";
    const isOpen = OPEN_STATUSES.has(amended.status);
    note(this.note, isOpen ? `Amended: ${nameOf(amended)}${filled}.` : `Amended. ${ending(amended)}`, "good");
  }

  /** @param {Order} order @param {AmendForm} form */
  #sayEnded(order, form) {
    const ended = this.trading.ended.all().find(({ id }) => id === order.id);
    if (ended) note(this.note, `The order that you were amending has ended. ${ending(ended)}`, "bad");
    if (form.row.contains(document.activeElement)) byId("orders-region").focus();
  }

  /** @param {string} id @param {HTMLButtonElement} pressed */
  async #cancel(id, pressed) {
    pressed.disabled = true;
    note(this.note, "");
    try {
      await this.trading.cancel(id);
    } catch (error) {
      // Ended already, by a fill or by an earlier attempt of ours: the tables show how.
      const wasCanceled = error instanceof Refusal && error.order?.status === "canceled";
      if (!wasCanceled) note(this.note, `Not canceled: ${inWords(wordsOf(error), { sentence: false })}`, "bad");
    } finally {
      pressed.disabled = false;
    }
  }

  async #cancelAll() {
    this.cancelAll.disabled = true;
    note(this.note, "");
    try {
      const { canceled } = await this.trading.cancelAll(this.onlyHere.checked ? this.symbol : null, /** @type {Side | ""} */ (this.side.value) || null);
      note(this.note, `Canceled ${canceled.length} ${canceled.length === 1 ? "order" : "orders"}.`, "good");
    } catch (error) {
      note(this.note, `Not canceled: ${inWords(wordsOf(error), { sentence: false })}`, "bad");
    }
    this.draw();
  }
}

/** @param {unknown} error */
const wordsOf = (error) => (error instanceof Error ? error.message : String(error));

/** "sell 1 at 120", "sell 1 at 90 (stop)". @param {Order} order */
function nameOf(order) {
  const price = order.price ?? order.stop_price ?? "";
  return `${order.side} ${shown(order.quantity)} at ${shown(price)}${order.price === null ? " (stop)" : ""}`;
}

/** The row of words: what is filled stands apart, as a wide table has a column for it. */
function makeWords() {
  const { row, cell } = wordsRow(CELLS.length);
  const [filled, rest] = ["narrow-only", ""].map((className) => cell.appendChild(element("span", className)));
  return { row, filled, rest };
}
