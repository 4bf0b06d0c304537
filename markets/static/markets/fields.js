/* A form's fields on the page: what is in them, which are shown, and what the exchange said to each.
 *
 * Rules:
 * - A field is an element with `data-field`, a control and a `.field-error`; its error is hidden when it
 *   is edited.
 * - Of a number with `data-step`, the arrow keys go up and down by one step.
 */

import { add, compare, isPlain, subtract } from "./decimal.js";
import { setText } from "./draw.js";

export class Fields {
  /** `steps` are the sizes that `data-step` names. */
  constructor(form, steps = {}) {
    this.form = form;
    this.steps = steps;
    form.addEventListener("input", ({ target }) => this.say(target.closest("[data-field]")?.dataset.field, ""));
    form.addEventListener("keydown", (event) => this.#step(event));
  }

  find(name) {
    return name ? this.form.querySelector(`[data-field="${CSS.escape(name)}"]`) : null;
  }

  /** What is typed, ticked and chosen, by name; texts without the spaces around them. */
  values() {
    const values = {};
    for (const control of this.form.elements) {
      if (!control.name) continue;
      if (control.type === "checkbox") values[control.name] = control.checked;
      else if (control.type !== "radio") values[control.name] = control.value.trim();
      else if (control.checked) values[control.name] = control.value;
    }
    return values;
  }

  set(name, value) {
    this.form.elements[name].value = value;
    this.say(name, "");
  }

  /** Show these fields and no others. */
  show(names) {
    for (const field of this.form.querySelectorAll("[data-field]")) field.hidden = !names.has(field.dataset.field);
  }

  /** Say something at a field; returns whether there is such a field to see. */
  say(name, text) {
    const field = this.find(name);
    if (!field || field.hidden) return false;
    mark(field, text);
    const folded = field.closest("details");
    if (text && folded) folded.open = true;
    return true;
  }

  /** Forget what was said. */
  clear() {
    for (const field of this.form.querySelectorAll("[data-field]")) mark(field, "");
  }

  /** Say each error at its field, and go to the first; returns what is about no field to see. */
  sayAll(errors) {
    const left = [];
    for (const [name, text] of errors) if (!this.say(name, text)) left.push(text);
    this.form.querySelector('[aria-invalid="true"]')?.focus();
    return left;
  }

  focus(name) {
    control(this.find(name)).focus();
  }

  #step(event) {
    const { target, key } = event;
    const step = this.steps[target.dataset.step];
    const direction = { ArrowUp: add, ArrowDown: subtract }[key];
    const value = target.value?.trim();
    if (!step || !direction || !isPlain(value)) return;
    event.preventDefault();
    const next = direction(value, step);
    if (compare(next, "0") < 0) return;
    target.value = next;
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function mark(field, text) {
  const place = field.querySelector(".field-error");
  setText(place, text);
  place.hidden = text === "";
  for (const marked of field.querySelectorAll("[aria-invalid]")) marked.removeAttribute("aria-invalid");
  if (text) control(field).setAttribute("aria-invalid", "true");
}

const control = (field) => field.querySelector("input:checked, input:not([type=radio]), select");
