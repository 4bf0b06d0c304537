/* A form's fields on the page: what is in them, which are shown, and what the exchange said to each.
 *
 * Rules:
 * - A field is an element with `data-field`, a control and a `.field-error`; its error is hidden when it
 *   is edited.
 * - Of a number with `data-step`, the arrow keys go up and down by one step, and so do two buttons, which
 *   are no stops for the Tab key for that reason. From an empty field they start at the step's own start.
 */

import { add, compare, isPlain, subtract } from "./decimal.js";
import { button, element, setText } from "./draw.js";

/** A size that `data-step` names, and where an empty field starts. @typedef {{ size: string, start: () => string | null }} Step */
/** @typedef {HTMLInputElement | HTMLSelectElement} Control */

export class Fields {
  /** @param {HTMLFormElement} form @param {Record<string, Step>} steps */
  constructor(form, steps = {}) {
    this.form = form;
    this.steps = steps;
    form.addEventListener("input", ({ target }) => this.say(nameOf(target), ""));
    form.addEventListener("keydown", (event) => this.#key(event));
    for (const input of form.querySelectorAll("input")) if (steps[input.dataset.step ?? ""]) this.#addButtons(input);
  }

  /** @param {string | undefined} name @returns {HTMLElement | null} */
  find(name) {
    return name ? this.form.querySelector(`[data-field="${CSS.escape(name)}"]`) : null;
  }

  /** The control of this name. @param {string} name @returns {Control} */
  control(name) {
    const found = this.form.elements.namedItem(name);
    if (!(found instanceof HTMLInputElement || found instanceof HTMLSelectElement)) throw new Error(`no field ${name}`);
    return found;
  }

  /** What is typed, ticked and chosen, by name; texts without the spaces around them.
   * @returns {Record<string, string | boolean>} */
  values() {
    /** @type {Record<string, string | boolean>} */
    const values = {};
    for (const each of this.form.elements) {
      const isControl = each instanceof HTMLInputElement || each instanceof HTMLSelectElement;
      if (!isControl || !each.name) continue;
      if (each instanceof HTMLSelectElement) values[each.name] = each.value;
      else if (each.type === "checkbox") values[each.name] = each.checked;
      else if (each.type !== "radio") values[each.name] = each.value.trim();
      else if (each.checked) values[each.name] = each.value;
    }
    return values;
  }

  /** @param {string} name @param {string} value */
  set(name, value) {
    this.control(name).value = value;
    this.say(name, "");
  }

  /** Show these fields and no others. @param {Set<string>} names */
  show(names) {
    for (const field of fieldsIn(this.form)) field.hidden = !names.has(field.dataset.field ?? "");
  }

  /** Say something at a field; returns whether there is such a field to see.
   * @param {string | undefined} name @param {string} text */
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
    for (const field of fieldsIn(this.form)) mark(field, "");
  }

  /** Say each error at its field, and go to the first; returns what is about no field to see.
   * @param {[name: string, text: string][]} errors */
  sayAll(errors) {
    const left = [];
    for (const [name, text] of errors) if (!this.say(name, text)) left.push(text);
    const first = this.form.querySelector('[aria-invalid="true"]');
    if (first instanceof HTMLElement) first.focus();
    return left;
  }

  /** @param {string} name */
  focus(name) {
    const field = this.find(name);
    if (field) controlOf(field)?.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const direction = { ArrowUp: add, ArrowDown: subtract }[event.key];
    const { target } = event;
    if (direction && target instanceof HTMLInputElement && this.#step(target, direction)) event.preventDefault();
  }

  /** Go one step; returns whether there is one to go. @param {HTMLInputElement} input @param {typeof add} direction */
  #step(input, direction) {
    const step = this.steps[input.dataset.step ?? ""];
    const value = input.value.trim();
    const start = value === "" && step ? step.start() : null;
    if (!step || (start === null && !isPlain(value))) return false;
    const next = start ?? direction(value, step.size);
    if (compare(next, "0") < 0) return true;
    input.value = next;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }

  /** @param {HTMLInputElement} input */
  #addButtons(input) {
    const label = input.labels?.[0]?.textContent?.trim().toLowerCase() ?? input.name;
    const box = element("span", "steppers");
    for (const [sign, word, direction] of /** @type {const} */ ([["−", "Lower", subtract], ["+", "Raise", add]])) {
      const made = box.appendChild(button("", sign, `${word} the ${label}`));
      made.tabIndex = -1;
      made.addEventListener("click", () => this.#step(input, direction));
    }
    input.parentElement?.append(box);
  }
}

/** @param {HTMLFormElement} form @returns {NodeListOf<HTMLElement>} */
const fieldsIn = (form) => form.querySelectorAll("[data-field]");

/** The name of the field that this is in. @param {EventTarget | null} target */
function nameOf(target) {
  const field = target instanceof Element ? target.closest("[data-field]") : null;
  return field instanceof HTMLElement ? field.dataset.field : undefined;
}

/** @param {HTMLElement} field @param {string} text */
function mark(field, text) {
  const place = field.querySelector(".field-error");
  if (!(place instanceof HTMLElement)) return;
  setText(place, text);
  place.hidden = text === "";
  for (const marked of field.querySelectorAll("[aria-invalid]")) marked.removeAttribute("aria-invalid");
  if (text) controlOf(field)?.setAttribute("aria-invalid", "true");
}

/** @param {HTMLElement} field @returns {HTMLElement | null} */
const controlOf = (field) => field.querySelector("input:checked, input:not([type=radio]), select");
