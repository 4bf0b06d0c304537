/* The order form: what is wished for, what it would cost, and what the exchange said to it.
 *
 * Rules:
 * - The exchange judges; the form shows its words at the fields that they are about, and what is
 *   about no field on top of the button. "Check" asks for its judgement and places nothing.
 * - One submission has one client_order_id until its outcome is known: pressing again asks again.
 * - Which fields there are is order_types.js's business, what they come to estimate.js's.
 */

import { Refusal } from "./connection.js";
import { cut, percentOfRatio, shown } from "./decimal.js";
import { byId, note, setText } from "./draw.js";
import { affordable, affordableAmount, assetsNeeded, bandLimit, DEFAULT_STOP_SLIPPAGE, estimate } from "./estimate.js";
import { Fields } from "./fields.js";
import { fieldOfError, fieldsOf, kindOf, MEANINGS, requestOf, timesInForce } from "./order_types.js";
import { newClientOrderId } from "./trading.js";
import { inWords, outcome, percentWords, statusSentence } from "./words.js";

const UNKNOWN = new Set(["timeout"]);
const DAY = 86400000;

export class OrderForm {
  #pending = null;
  #timeInForce = "gtc";
  #checked = false;

  /** `feedOf` and `ratesOf` return the market's feed and the account's fee rates in it. */
  constructor(rules, trading, clock, feedOf, ratesOf) {
    this.rules = rules;
    this.trading = trading;
    this.clock = clock;
    this.feedOf = feedOf;
    this.ratesOf = ratesOf;
    this.form = byId("order-form");
    this.fields = new Fields(this.form, { tick: rules.tick_size, lot: rules.lot_size });
    this.note = byId("form-note");
    this.submit = byId("submit");
    this.check = byId("check");
    setText(byId("price-hint"), `Steps of ${rules.tick_size}`);
    setText(byId("quantity-hint"), `Steps of ${rules.lot_size}`);
    setText(byId("expires_at-hint"), `${Intl.DateTimeFormat().resolvedOptions().timeZone} time`);
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.form.addEventListener("input", ({ target }) => this.#edited(target));
    this.form.addEventListener("click", ({ target }) => this.#takeShare(target.dataset.percent));
    this.check.addEventListener("click", () => this.#check());
    this.#shape();
  }

  /** Take a price over from the ladder. */
  setPrice(price) {
    const kind = kindOf(this.fields.values());
    if (kind === "market") this.#choose("type", "limit");
    this.fields.set(kind === "stop" ? "stop_price" : "price", price);
    this.#shape();
  }

  /** Show what it would cost, what there is, and how far prices may go. */
  drawSums() {
    const values = this.fields.values();
    const market = this.#market();
    const assets = assetsNeeded(values, market);
    setText(byId("available"), assets.map((asset) => `${shown(this.trading.available(asset))} ${asset}`).join(", "));
    const sums = this.feedOf().feed.inStep || kindOf(values) !== "market" ? estimate(values, market) : null;
    setText(byId("cost"), sums === null ? "–" : `${[`${shown(cut(sums.amount, 8))} ${sums.asset}`, sums.short].filter(Boolean).join(" ")}`);
    setText(byId("fee"), sums === null ? "–" : `${shown(sums.fee.fee)} ${sums.fee.asset}`);
    const { maker, taker } = market.rates;
    setText(byId("rates"), `maker ${percentOfRatio(maker)} %, taker ${percentOfRatio(taker)} %`);
    setText(byId("cost-label"), sums?.label ?? (values.side === "buy" ? "Cost" : "Proceeds"));
    setText(byId("fee-label"), sums?.feeLabel ?? "Fee");
    setText(byId("max_slippage-hint"), this.#slippageHint(values));
    this.#drawBand(values, market);
  }

  drawLink() {
    const { link, reason } = this.trading;
    setText(byId("link"), { ready: "", connecting: "connecting…", refused: inWords(reason) }[link]);
    this.#enable();
  }

  /** Say what the market's status takes. */
  drawStatus() {
    const { status } = this.feedOf();
    note(byId("form-state"), statusSentence(this.rules.symbol, status), status === "auction" ? "" : "bad");
    this.drawSums();
  }

  #market() {
    const { feed, band, reference, status } = this.feedOf();
    const inForce = status === "auction" ? null : band;
    return { rules: this.rules, book: feed.book, band: inForce, reference, rates: this.ratesOf() };
  }

  /** Which prices the band allows now, at each price that it is about. */
  #drawBand(values, market) {
    const other = values.side === "buy" ? "sell" : "buy";
    const stop = kindOf(values) === "stop_limit" ? values.stop_price : market.reference;
    for (const [id, side, reference] of [
      ["price-band", values.side, stop],
      ["stop_limit-band", values.side, values.stop_price],
      ["loss_limit-band", other, values.loss_stop],
    ]) {
      const limit = bandLimit(side, reference, market);
      const words = limit === null ? "" : `Price band: ${side === "buy" ? "at most" : "at least"} ${shown(limit)}`;
      setText(byId(id), words);
      byId(id).hidden = words === "";
    }
  }

  async #submit(event) {
    event.preventDefault();
    if (this.#isBusy()) return;
    const request = requestOf(this.fields.values(), this.rules.symbol);
    const content = JSON.stringify(request);
    if (this.#pending?.content !== content) this.#pending = { content, id: newClientOrderId() };
    const params = { ...request.params, client_order_id: this.#pending.id };
    await this.#ask(request.method, params, (placed) => {
      this.#pending = null;
      const { text, kind } = outcome(placed, this.rules.base, { auction: this.feedOf().status === "auction" });
      note(this.note, text, kind);
      for (const name of ["quantity", "quote_quantity"]) this.fields.set(name, "");
    });
  }

  async #check() {
    if (this.#isBusy()) return;
    const { method, params } = requestOf(this.fields.values(), this.rules.symbol);
    await this.#ask(method, { ...params, validate_only: true }, () => {
      note(this.note, "This order would be accepted.", "good");
      this.#checked = true;
    });
  }

  async #ask(method, params, answered) {
    this.fields.clear();
    note(this.note, "");
    this.#checked = false;
    const deadline = this.#deadline();
    if (deadline === null) return;
    this.#setBusy(true);
    try {
      answered(await this.trading.submit(method, { ...params, ...deadline }));
    } catch (error) {
      this.#refused(error, params.validate_only);
    }
    this.#setBusy(false);
    this.drawSums();
  }

  /** The moment from which on the order must not be taken, where that was asked for; null: it cannot be read. */
  #deadline() {
    const { within } = this.fields.values();
    if (within === "") return {};
    if (/^[0-9]{1,7}$/.test(within)) return { deadline: new Date(this.clock.now() + Number(within)).toISOString() };
    this.fields.sayAll([["within", "Give a whole number of milliseconds."]]);
    return null;
  }

  #refused(error, onlyAsked) {
    const unknown = !(error instanceof Refusal) || UNKNOWN.has(error.code);
    if (unknown && onlyAsked) {
      note(this.note, "No answer yet. Nothing was placed.", "bad");
    } else if (unknown) {
      note(this.note, "No answer yet, so it is not known whether the order exists. Press again to ask: it cannot be placed twice.", "bad");
    } else {
      if (!onlyAsked) this.#pending = null;
      this.#sayRefusal(error, onlyAsked ? "It would be refused. " : "");
    }
  }

  #sayRefusal(error, prefix) {
    const { type } = this.fields.values();
    const said = Object.entries(error.errors).map(([name, messages]) => {
      const words = name.endsWith("max_slippage") ? percentWords : inWords;
      return [fieldOfError(name, type), messages.map((message) => words(message)).join(" ")];
    });
    const left = this.fields.sayAll(said);
    if (!said.length) left.push(inWords(error.message));
    note(this.note, left.length || prefix ? `${prefix}${left.join(" ")}`.trim() : "", "bad");
  }

  #edited(input) {
    if (input.name === "time_in_force") this.#timeInForce = input.value;
    if (this.#checked) note(this.note, ""); // it was about another order
    this.#checked = false;
    this.#shape();
  }

  /** Show the fields that the chosen type has, in the colour of the chosen side. */
  #shape() {
    this.#offerTimes();
    const values = this.fields.values();
    const { side, type } = values;
    const shown = fieldsOf(values);
    this.fields.show(shown);
    setText(byId("advanced-summary"), `Advanced: ${shown.has("display_quantity") ? "iceberg, " : ""}self-trades, deadline`);
    setText(byId("type-meaning"), MEANINGS[type]);
    byId("type-meaning").hidden = MEANINGS[type] === "";
    setText(byId("price-label"), type === "oco" ? "Limit price" : "Price");
    setText(byId("quote-label"), side === "buy" ? "Spend" : "Receive");
    setText(byId("by-quote"), `${side === "buy" ? "Spend" : "Receive"} ${this.rules.quote}`);
    this.form.dataset.side = side;
    const what = { oco: "OCO", bracket: "bracket" }[type];
    setText(this.submit, `${side === "buy" ? "Buy" : "Sell"} ${this.rules.base}${what ? `, ${what}` : ""}`);
    this.drawSums();
  }

  /** Offer the times in force that the type has, and keep the chosen one for when it is offered again. */
  #offerTimes() {
    const times = timesInForce(this.fields.values());
    const select = this.form.elements.time_in_force;
    for (const option of select.options) option.hidden = option.disabled = !times.includes(option.value);
    if (times.length) select.value = times.includes(this.#timeInForce) ? this.#timeInForce : times[0];
    const until = this.form.elements.expires_at;
    if (select.value === "gtd" && until.value === "") until.value = localMoment(Date.now() + DAY);
  }

  #slippageHint(values) {
    const { band } = this.feedOf();
    if (kindOf(values) === "market") return band === null ? "Empty: any price" : "Empty: the price band";
    if (values.side === "sell") return "Empty: any price";
    return `Empty: ${percentOfRatio(band ?? DEFAULT_STOP_SLIPPAGE)} %`;
  }

  #takeShare(percent) {
    if (!percent) return;
    const values = this.fields.values();
    const available = (asset) => this.trading.available(asset);
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
    }
    this.drawSums();
  }

  #choose(name, value) {
    for (const radio of this.form.elements[name]) radio.checked = radio.value === value;
  }

  #isBusy() {
    return this.form.getAttribute("aria-busy") === "true";
  }

  #setBusy(busy) {
    this.form.setAttribute("aria-busy", String(busy));
    this.#enable();
  }

  #enable() {
    this.submit.disabled = this.check.disabled = this.trading.link === "refused" || this.#isBusy();
  }
}

/** A moment as a date and time field has it, in the reader's own time, to the minute. */
function localMoment(milliseconds) {
  const moment = new Date(milliseconds);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day}T${two(moment.getHours())}:${two(moment.getMinutes())}`;
}
