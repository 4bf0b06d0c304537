/* The order form: what is wished for, what it would cost, and what the exchange said to it.
 *
 * Rules:
 * - The exchange judges; the form shows its words at the fields that they are about, and what is
 *   about no field on top of the button.
 * - One submission has one client_order_id until its outcome is known: pressing again asks again.
 * - What is typed goes out as typed, less the spaces around it; nothing is rounded.
 */

import { Refusal } from "./connection.js";
import { add, compare, cut, divide, isPlain, multiply, shown, subtract } from "./decimal.js";
import { byId, note, setText } from "./draw.js";
import { affordable, highestFee, notional } from "./estimate.js";
import { newClientOrderId } from "./trading.js";
import { inWords, outcome } from "./words.js";

const UNKNOWN = new Set(["timeout"]);

export class OrderForm {
  #pending = null;
  #limitTimeInForce = "gtc";

  constructor(rules, trading, feedOf) {
    this.rules = rules;
    this.trading = trading;
    this.feedOf = feedOf;
    this.form = byId("order-form");
    this.fields = this.form.elements;
    this.note = byId("form-note");
    this.submit = byId("submit");
    setText(byId("price-hint"), `Steps of ${rules.tick_size}`);
    setText(byId("quantity-hint"), `Steps of ${rules.lot_size}`);
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.form.addEventListener("input", ({ target }) => this.#edited(target));
    this.form.addEventListener("click", ({ target }) => this.#takeShare(target.dataset.percent));
    this.fields.price.addEventListener("keydown", (event) => this.#step(event, rules.tick_size));
    this.fields.quantity.addEventListener("keydown", (event) => this.#step(event, rules.lot_size));
    this.#shape();
  }

  /** Take a price over from the ladder. */
  setPrice(price) {
    this.#choose("type", "limit");
    this.fields.price.value = price;
    this.#say("price", "");
    this.#shape();
  }

  /** Show what it would cost and what there is. */
  drawSums() {
    const { side, type } = this.#wish();
    const { base, quote } = this.rules;
    const asset = side === "buy" ? quote : base;
    setText(byId("available"), `${shown(this.trading.available(asset))} ${asset}`);
    setText(byId("cost-label"), `${side === "buy" ? "Cost" : "Proceeds"}, ${type === "market" ? "about" : side === "buy" ? "at most" : "at least"}`);
    const [cost, fee] = this.#estimate();
    setText(byId("cost"), cost);
    setText(byId("fee"), fee);
  }

  drawLink() {
    const { link, reason } = this.trading;
    setText(byId("link"), { ready: "", connecting: "connecting…", refused: inWords(reason) }[link]);
    this.submit.disabled = link === "refused" || this.#isBusy();
  }

  #estimate() {
    const wish = this.#wish();
    const { feed } = this.feedOf();
    const numbers = wish.type === "limit" ? [wish.price, wish.quantity] : [wish.quantity];
    if (!numbers.every((text) => isPlain(text) && compare(text, "0") > 0)) return ["–", "–"];
    if (wish.type === "market" && !feed.inStep) return ["–", "–"];
    const { amount, whole } = notional(wish, feed.book);
    const { fee, asset } = highestFee(wish.side, wish.quantity, amount, this.rules);
    return [`${shown(cut(amount, 8))} ${this.rules.quote}${whole ? "" : " and the book is empty"}`, `${shown(fee)} ${asset}`];
  }

  /** The form's fields as the contract's order. */
  #wish() {
    const { side, type, price, quantity, time_in_force, post_only, self_trade_prevention } = this.fields;
    const wish = {
      market: this.rules.symbol,
      side: side.value,
      type: type.value,
      quantity: quantity.value.trim(),
      time_in_force: time_in_force.value,
      self_trade_prevention: self_trade_prevention.value,
    };
    if (type.value === "limit") Object.assign(wish, { price: price.value.trim(), post_only: post_only.checked });
    return wish;
  }

  async #submit(event) {
    event.preventDefault();
    if (this.#isBusy()) return;
    this.#clear();
    const wish = this.#wish();
    for (const name of ["price", "quantity"]) if (wish[name] === "") delete wish[name];
    const content = JSON.stringify(wish);
    if (this.#pending?.content !== content) this.#pending = { content, id: newClientOrderId() };
    this.#setBusy(true);
    try {
      const order = await this.trading.submit({ ...wish, client_order_id: this.#pending.id });
      this.#pending = null;
      const { text, kind } = outcome(order, this.rules.base);
      note(this.note, text, kind);
      this.fields.quantity.value = "";
    } catch (error) {
      this.#refused(error);
    }
    this.#setBusy(false);
    this.drawSums();
  }

  #refused(error) {
    if (!(error instanceof Refusal) || UNKNOWN.has(error.code)) {
      note(this.note, "No answer yet, so it is not known whether the order exists. Press again to ask: it cannot be placed twice.", "bad");
      return;
    }
    this.#pending = null;
    const left = [];
    for (const [name, messages] of Object.entries(error.errors)) {
      const text = messages.map((message) => inWords(message)).join(" ");
      if (!this.#say(name, text)) left.push(text);
    }
    if (!Object.keys(error.errors).length) left.push(inWords(error.message));
    note(this.note, left.join(" "), "bad");
    this.form.querySelector('[aria-invalid="true"]')?.focus();
  }

  /** Say something at a field; returns whether there is such a field to see. */
  #say(name, text) {
    const field = this.form.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (!field || field.hidden) return false;
    const place = field.querySelector(".field-error");
    setText(place, text);
    place.hidden = text === "";
    const input = field.querySelector("input, select");
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    const advanced = field.closest("details");
    if (text && advanced) advanced.open = true;
    return true;
  }

  #clear() {
    note(this.note, "");
    for (const field of this.form.querySelectorAll("[data-field]")) this.#say(field.dataset.field, "");
  }

  #edited(input) {
    const name = input.closest("[data-field]")?.dataset.field;
    if (name) this.#say(name, "");
    if (input.name === "time_in_force" && this.fields.type.value === "limit") this.#limitTimeInForce = input.value;
    this.#shape();
  }

  /** Show the fields that the chosen type has, in the colour of the chosen side. */
  #shape() {
    const { side, type, time_in_force: timeInForce } = this.fields;
    const isLimit = type.value === "limit";
    for (const name of ["price", "post_only"]) this.form.querySelector(`[data-field="${name}"]`).hidden = !isLimit;
    const gtc = timeInForce.querySelector('[value="gtc"]');
    gtc.hidden = gtc.disabled = !isLimit;
    if (isLimit) timeInForce.value = this.#limitTimeInForce;
    else if (timeInForce.value === "gtc") timeInForce.value = "ioc";
    this.form.dataset.side = side.value;
    setText(this.submit, `${side.value === "buy" ? "Buy" : "Sell"} ${this.rules.base}`);
    this.drawSums();
  }

  #takeShare(percent) {
    if (!percent) return;
    const wish = this.#wish();
    const { feed } = this.feedOf();
    if (wish.type === "limit" && wish.side === "buy" && !isPlain(wish.price)) {
      this.#say("price", "Give a price first.");
      this.fields.price.focus();
      return;
    }
    const available = this.trading.available(wish.side === "buy" ? this.rules.quote : this.rules.base);
    const funds = divide(multiply(available, percent), "100", 18);
    this.fields.quantity.value = affordable(wish, funds, this.rules, feed.book);
    this.#say("quantity", "");
    this.drawSums();
  }

  /** The arrow keys go up and down by one step. */
  #step(event, step) {
    const direction = { ArrowUp: add, ArrowDown: subtract }[event.key];
    const value = event.target.value.trim();
    if (!direction || !isPlain(value)) return;
    event.preventDefault();
    const next = direction(value, step);
    if (compare(next, "0") >= 0) event.target.value = next;
    this.#edited(event.target);
  }

  #choose(name, value) {
    for (const radio of this.fields[name]) radio.checked = radio.value === value;
  }

  #isBusy() {
    return this.form.getAttribute("aria-busy") === "true";
  }

  #setBusy(busy) {
    this.form.setAttribute("aria-busy", String(busy));
    this.submit.disabled = busy;
  }
}
