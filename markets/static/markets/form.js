/* The order form: what is wished for, what it would cost, and what the exchange said to it.
 *
 * Rules:
 * - The exchange judges; the form shows its words at the fields that they are about, and what is
 *   about no field on top of the button. "Check" asks for its judgement and places nothing.
 * - One submission has one client_order_id until its outcome is known: pressing again asks again.
 * - Which fields there are is order_types.js's business, what they come to order_sums.js's.
 */

import { Refusal } from "./connection.js";
import { isPlain } from "./decimal.js";
import { byId, note, setText } from "./draw.js";
import { affordable, affordableAmount } from "./estimate.js";
import { Fields } from "./fields.js";
import { drawSums } from "./order_sums.js";
import { quantityFor, totalOf } from "./totals.js";
import { fieldOfError, fieldsOf, kindOf, MEANINGS, requestOf, timesInForce, waitsToTrade } from "./order_types.js";
import { newClientOrderId } from "./trading.js";
import { inWords, outcome, percentWords, statusSentence } from "./words.js";

/** @import { MarketFeed } from "./feed.js" */
/** @import { ServerClock } from "./rest.js" */
/** @import { Trading } from "./trading.js" */
/** @import { FeeRates, MarketRules, OrderValues, Placed, TimeInForce } from "./types.js" */
/** @import { Market } from "./estimate.js" */

const UNKNOWN = new Set(["timeout"]);
const DAY = 86400000;

export class OrderForm {
  /** @type {{ content: string, id: string } | null} */
  #pending = null;
  #timeInForce = /** @type {TimeInForce} */ ("gtc");
  #checked = false;

  /** @param {MarketRules} rules @param {Trading} trading @param {ServerClock} clock
   * @param {() => MarketFeed} feedOf the market's feed @param {() => FeeRates} ratesOf the account's fee rates in it */
  constructor(rules, trading, clock, feedOf, ratesOf) {
    this.rules = rules;
    this.trading = trading;
    this.clock = clock;
    this.feedOf = feedOf;
    this.ratesOf = ratesOf;
    this.form = byId("order-form", HTMLFormElement);
    this.fields = new Fields(this.form, {
      tick: { size: rules.tick_size, start: () => this.#nearPrice() },
      lot: { size: rules.lot_size, start: () => rules.lot_size },
    });
    this.note = byId("form-note");
    this.submit = byId("submit", HTMLButtonElement);
    this.check = byId("check", HTMLButtonElement);
    setText(byId("price-hint"), `Steps of ${rules.tick_size}`);
    setText(byId("quantity-hint"), `Steps of ${rules.lot_size}`);
    setText(byId("expires_at-hint"), `${Intl.DateTimeFormat().resolvedOptions().timeZone} time`);
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.form.addEventListener("input", ({ target }) => {
      if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) this.#edited(target);
    });
    this.form.addEventListener("click", ({ target }) => {
      if (target instanceof HTMLElement) this.#takeShare(target.dataset.percent);
    });
    this.check.addEventListener("click", () => this.#check());
    this.#shape();
  }

  /** Take a price over from the ladder. @param {string} price */
  setPrice(price) {
    const kind = kindOf(this.#values());
    if (kind === "market") this.#choose("type", "limit");
    this.fields.set(waitsToTrade(kind) ? "stop_price" : "price", price);
    this.#shape();
    this.#drawTotal();
  }

  /** @param {string} side */
  setSide(side) {
    this.#choose("side", side);
    this.#shape();
  }

  /** Show what it would cost, what there is, and how far prices may go. */
  drawSums() {
    const { feed, band } = this.feedOf();
    const available = (/** @type {string} */ asset) => this.trading.available(asset);
    drawSums(this.#values(), this.#market(), { available, inStep: feed.inStep, band });
  }

  /** The connection that carries orders is there, or not. */
  drawLink() {
    this.#enable();
  }

  /** Say what the market's status takes. */
  drawStatus() {
    const { status } = this.feedOf();
    note(byId("form-state"), statusSentence(this.rules.symbol, status), status === "auction" ? "" : "bad");
    this.drawSums();
  }

  /** What the exchange's words call these fields. @returns {OrderValues} */
  #values() {
    return /** @type {OrderValues} */ (/** @type {unknown} */ (this.fields.values()));
  }

  /** Where a price starts to be stepped from: the best on the own side. */
  #nearPrice() {
    const { book } = this.feedOf().feed;
    const [best] = this.#values().side === "buy" ? book.bids(1) : book.asks(1);
    return best?.[0] ?? this.rules.tick_size;
  }

  /** Say in the quote asset what price and quantity come to. */
  #drawTotal() {
    const { price, quantity } = this.#values();
    this.fields.set("total", totalOf(price, quantity) ?? "");
  }

  /** Price and quantity give the total; a total gives the quantity. @param {string} edited */
  #balance(edited) {
    if (edited === "price" || edited === "quantity") this.#drawTotal();
    if (edited !== "total") return;
    const { total } = this.fields.values();
    if (total === "") this.fields.set("quantity", "");
    else if (!isPlain(total)) this.fields.say("total", 'Must be a plain decimal such as "0.25"');
    else this.fields.set("quantity", quantityFor(total, this.#values().price, this.rules.lot_size) ?? "");
  }

  /** @returns {Market} */
  #market() {
    const { feed, band, reference, status } = this.feedOf();
    const inForce = status === "auction" ? null : band;
    return { rules: this.rules, book: feed.book, band: inForce, reference, rates: this.ratesOf() };
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (this.#isBusy()) return;
    const request = requestOf(this.#values(), this.rules.symbol);
    const content = JSON.stringify(request);
    if (this.#pending?.content !== content) this.#pending = { content, id: newClientOrderId() };
    const params = { ...request.params, client_order_id: this.#pending.id };
    await this.#ask(request.method, params, (placed) => {
      this.#pending = null;
      const { text, kind } = outcome(placed, this.rules.base, { auction: this.feedOf().status === "auction" });
      note(this.note, text, kind);
      for (const name of ["quantity", "quote_quantity", "total"]) this.fields.set(name, "");
    });
  }

  async #check() {
    if (this.#isBusy()) return;
    const { method, params } = requestOf(this.#values(), this.rules.symbol);
    await this.#ask(method, { ...params, validate_only: true }, () => {
      note(this.note, "This order would be accepted.", "good");
      this.#checked = true;
    });
  }

  /** @param {string} method @param {Record<string, unknown>} params @param {(placed: Placed) => void} answered */
  async #ask(method, params, answered) {
    this.fields.clear();
    note(this.note, "");
    this.#checked = false;
    const deadline = this.#deadline();
    if (deadline === null) return;
    this.#setBusy(true);
    if (this.trading.link !== "ready") note(this.note, "Not connected: it is sent as soon as the connection is back.");
    try {
      answered(await this.trading.submit(method, { ...params, ...deadline }));
    } catch (error) {
      this.#refused(error, params.validate_only === true);
    }
    this.#setBusy(false);
    this.drawSums();
  }

  /** The moment from which on the order must not be taken, where that was asked for; null: it cannot be read. */
  #deadline() {
    const { within } = this.#values();
    if (within === "") return {};
    if (/^[0-9]{1,7}$/.test(within)) return { deadline: new Date(this.clock.now() + Number(within)).toISOString() };
    this.fields.sayAll([["within", "Give a whole number of milliseconds."]]);
    return null;
  }

  /** @param {unknown} error @param {boolean} onlyAsked */
  #refused(error, onlyAsked) {
    const refusal = error instanceof Refusal && !UNKNOWN.has(error.code) ? error : null;
    if (refusal === null && onlyAsked) {
      note(this.note, "No answer yet. Nothing was placed.", "bad");
    } else if (refusal === null) {
      note(this.note, "No answer yet, so it is not known whether the order exists. Press again to ask: it cannot be placed twice.", "bad");
    } else {
      if (!onlyAsked) this.#pending = null;
      this.#sayRefusal(refusal, onlyAsked ? "It would be refused. " : "");
    }
  }

  /** @param {Refusal} error @param {string} prefix */
  #sayRefusal(error, prefix) {
    const { type } = this.#values();
    /** @type {[string, string][]} */
    const said = Object.entries(error.errors).map(([name, messages]) => {
      const words = name.endsWith("max_slippage") ? percentWords : inWords;
      return [fieldOfError(name, type), messages.map((message) => words(message)).join(" ")];
    });
    const left = this.fields.sayAll(said);
    if (!said.length) left.push(inWords(error.message));
    note(this.note, left.length || prefix ? `${prefix}${left.join(" ")}`.trim() : "", "bad");
  }

  /** @param {HTMLInputElement | HTMLSelectElement} input */
  #edited(input) {
    if (input.name === "time_in_force") this.#timeInForce = /** @type {TimeInForce} */ (input.value);
    this.#balance(input.name);
    if (this.#checked) note(this.note, ""); // it was about another order
    this.#checked = false;
    this.#shape();
  }

  /** Show the fields that the chosen type has, in the colour of the chosen side. */
  #shape() {
    this.#offerTimes();
    const values = this.#values();
    const { side, type } = values;
    const names = fieldsOf(values);
    if (names.has("price")) names.add("total");
    this.fields.show(names);
    setText(byId("advanced-summary"), `Advanced: ${names.has("display_quantity") ? "iceberg, " : ""}self-trades, deadline`);
    setText(byId("type-meaning"), MEANINGS[type]);
    byId("type-meaning").hidden = MEANINGS[type] === "";
    setText(byId("price-label"), type === "oco" ? "Limit price" : "Price");
    setText(byId("quote-label"), side === "buy" ? "Spend" : "Receive");
    setText(byId("by-quote"), `${side === "buy" ? "Spend" : "Receive"} ${this.rules.quote}`);
    this.form.dataset.side = side;
    const what = type === "oco" ? "OCO" : type === "bracket" ? "bracket" : "";
    setText(this.submit, `${side === "buy" ? "Buy" : "Sell"} ${this.rules.base}${what ? `, ${what}` : ""}`);
    this.drawSums();
  }

  /** Offer the times in force that the type has, and keep the chosen one for when it is offered again. */
  #offerTimes() {
    const times = timesInForce(this.#values());
    const select = byId("time_in_force", HTMLSelectElement);
    for (const option of select.options) {
      option.hidden = option.disabled = !times.includes(/** @type {TimeInForce} */ (option.value));
    }
    if (times.length) select.value = times.includes(this.#timeInForce) ? this.#timeInForce : times[0];
    const until = byId("expires_at", HTMLInputElement);
    if (select.value === "gtd" && until.value === "") until.value = localMoment(Date.now() + DAY);
  }

  /** @param {string | undefined} percent of what is available */
  #takeShare(percent) {
    if (!percent) return;
    const values = this.#values();
    const available = (/** @type {string} */ asset) => this.trading.available(asset);
    if (fieldsOf(values).has("quote_quantity")) {
      this.fields.set("quote_quantity", affordableAmount(values, percent, available, this.#market()));
    } else {
      const quantity = affordable(values, percent, available, this.#market());
      if (quantity === null) {
        const name = fieldsOf(values).has("price") ? "price" : "stop_price";
        this.fields.say(name, "Give a price first.");
        this.fields.focus(name);
        return;
      }
      this.fields.set("quantity", quantity);
      this.#drawTotal();
    }
    this.drawSums();
  }

  /** @param {string} name @param {string} value */
  #choose(name, value) {
    const radios = this.form.elements.namedItem(name);
    if (radios instanceof RadioNodeList) radios.value = value;
  }

  #isBusy() {
    return this.form.getAttribute("aria-busy") === "true";
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.form.setAttribute("aria-busy", String(busy));
    this.#enable();
  }

  #enable() {
    this.submit.disabled = this.check.disabled = this.trading.link === "refused" || this.#isBusy();
  }
}

/** A moment as a date and time field has it, in the reader's own time, to the minute. @param {number} milliseconds */
function localMoment(milliseconds) {
  const moment = new Date(milliseconds);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day}T${two(moment.getHours())}:${two(moment.getMinutes())}`;
}
