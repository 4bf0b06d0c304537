/* AmendForm: a row under an open order in which its terms are changed.
 *
 * Rules:
 * - It has the fields that the order has; only what was changed is sent, so that nothing else is undone.
 * - A refusal is said at its field, and leaves the order as it was.
 * - Enter saves, Escape closes.
 */

import { Refusal } from "./connection.js";
import { button, element, note, rowOf } from "./draw.js";
import { Fields } from "./fields.js";
import { inWords } from "./words.js";

/** @import { Order } from "./types.js" */

/** @typedef {"price" | "stop_price" | "quantity"} Term */

const LABELS = { price: "Price", stop_price: "Stop price", quantity: "Quantity in all" };

/** Which terms of an order may be changed now. @param {Order} order */
function termsOf(order) {
  const isExit = order.group_role === "take_profit" || order.group_role === "stop_loss";
  /** @type {Term[]} */
  const terms = [];
  if (order.price !== null) terms.push("price");
  if (order.stop_price !== null && order.status === "untriggered") terms.push("stop_price");
  if (!isExit) terms.push("quantity");
  return terms;
}

export class AmendForm {
  /** @param {Order} order @param {number} columns of the table
   * @param {(changes: Record<string, string>) => Promise<void>} save rejects with what is wrong with the changes
   * @param {() => void} close is called when all is done */
  constructor(order, columns, save, close) {
    this.order = order;
    this.save = save;
    this.close = close;
    const { row, cells } = rowOf("");
    this.row = row;
    row.className = "amend-row";
    cells[0].colSpan = columns;
    this.form = cells[0].appendChild(element("form", "amend"));
    this.form.noValidate = true;
    this.form.autocomplete = "off";
    this.form.setAttribute("aria-label", `Amend ${order.side} ${order.quantity}`);
    for (const name of termsOf(order)) this.form.append(this.#field(name));
    const buttons = this.form.appendChild(element("div", "amend-buttons"));
    this.saveButton = buttons.appendChild(element("button", "button small-button save", "Save"));
    buttons.appendChild(button("button small-button", "Close")).addEventListener("click", () => close());
    this.note = this.form.appendChild(element("p", "note bad"));
    this.note.setAttribute("role", "status");
    this.note.hidden = true;
    this.fields = new Fields(this.form);
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.form.addEventListener("keydown", ({ key }) => key === "Escape" && close());
  }

  open() {
    this.row.scrollIntoView({ block: "nearest" });
    this.form.querySelector("input")?.select();
  }

  /** @param {Term} name */
  #field(name) {
    const id = `amend-${this.order.id}-${name}`;
    const field = element("div", "field");
    field.dataset.field = name;
    const label = field.appendChild(element("label", "", LABELS[name]));
    label.htmlFor = id;
    const input = field.appendChild(element("input"));
    Object.assign(input, { id, name, type: "text", inputMode: "decimal", value: this.order[name], spellcheck: false });
    input.setAttribute("aria-describedby", `${id}-error`);
    const error = field.appendChild(element("p", "field-error"));
    Object.assign(error, { id: `${id}-error`, hidden: true });
    return field;
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    this.fields.clear();
    note(this.note, "");
    /** @type {Record<string, string>} */
    const changes = {};
    for (const [name, value] of Object.entries(this.fields.values())) {
      if (value !== this.order[/** @type {Term} */ (name)]) changes[name] = String(value);
    }
    if (!Object.keys(changes).length) return this.close();
    this.saveButton.disabled = true;
    try {
      await this.save(changes);
      this.close();
    } catch (error) {
      this.#refused(error);
    } finally {
      this.saveButton.disabled = false;
    }
  }

  /** @param {unknown} error */
  #refused(error) {
    if (!(error instanceof Refusal)) {
      note(this.note, "No answer yet. Press again: the terms are the same, so nothing is done twice.", "bad");
      return;
    }
    /** @type {[string, string][]} */
    const said = Object.entries(error.errors).map(([name, messages]) => [name, messages.map((each) => inWords(each)).join(" ")]);
    const left = this.fields.sayAll(said);
    if (!said.length) left.push(inWords(error.message));
    note(this.note, left.join(" "), "bad");
  }
}
