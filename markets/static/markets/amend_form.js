/* AmendForm: a row under an open order in which its terms are changed.
 *
 * Rules:
 * - It has the fields that the order has; only what was changed is sent, so that nothing else is undone.
 * - A refusal is said at its field, and leaves the order as it was.
 * - Enter saves, Escape closes.
 */

import { Refusal } from "./connection.js";
import { element, note, rowOf } from "./draw.js";
import { Fields } from "./fields.js";
import { inWords } from "./words.js";

const LABELS = { price: "Price", stop_price: "Stop price", quantity: "Quantity in all" };

/** Which terms of an order may be changed now. */
function termsOf(order) {
  const isExit = order.group_role === "take_profit" || order.group_role === "stop_loss";
  const terms = [];
  if (order.price !== null) terms.push("price");
  if (order.stop_price !== null && order.status === "untriggered") terms.push("stop_price");
  if (!isExit) terms.push("quantity");
  return terms;
}

export class AmendForm {
  /** `save` is called with the changes, and rejects with what is wrong with them; `close` when all is done. */
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
    buttons.append(element("button", "button small-button save", "Save"), element("button", "button small-button", "Close"));
    buttons.lastChild.type = "button";
    buttons.lastChild.addEventListener("click", () => close());
    this.note = this.form.appendChild(element("p", "note bad"));
    this.note.setAttribute("role", "status");
    this.note.hidden = true;
    this.fields = new Fields(this.form);
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.form.addEventListener("keydown", ({ key }) => key === "Escape" && close());
  }

  open() {
    this.row.scrollIntoView({ block: "nearest" });
    this.form.querySelector("input").select();
  }

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

  async #submit(event) {
    event.preventDefault();
    this.fields.clear();
    note(this.note, "");
    const changes = Object.fromEntries(
      Object.entries(this.fields.values()).filter(([name, value]) => value !== this.order[name]),
    );
    if (!Object.keys(changes).length) return this.close();
    const [save] = this.form.querySelectorAll("button");
    save.disabled = true;
    try {
      await this.save(changes);
      this.close();
    } catch (error) {
      this.#refused(error);
    } finally {
      save.disabled = false;
    }
  }

  #refused(error) {
    if (!(error instanceof Refusal)) {
      note(this.note, "No answer yet. Press again: the terms are the same, so nothing is done twice.", "bad");
      return;
    }
    const said = Object.entries(error.errors).map(([name, messages]) => [name, messages.map((each) => inWords(each)).join(" ")]);
    const left = this.fields.sayAll(said);
    if (!said.length) left.push(inWords(error.message));
    note(this.note, left.join(" "), "bad");
  }
}
