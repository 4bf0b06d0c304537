/* Safety: the dead man's switch, and orders that end with the page's connection.
 *
 * Rules:
 * - The switch is the account's and the exchange's clock decides: the page shows when it goes off, asks
 *   again when that may have changed, and never arms it by itself.
 * - What ends with the connection is said on the connection (trading.js); the box shows what is so.
 */

import { Refusal } from "./connection.js";
import { byId, note, setText } from "./draw.js";
import { Fields } from "./fields.js";
import { get } from "./rest.js";
import { inWords, timeLeft } from "./words.js";

/** @import { ServerClock } from "./rest.js" */
/** @import { Trading } from "./trading.js" */
/** @import { Order, Timestamp } from "./types.js" */

const TICK = 250;
const ASK_EVERY = 10000;
const ASK_WHEN_DUE = 1000;

export class Safety {
  /** @type {Timestamp | null | undefined} When it goes off; null: it is off; undefined: nobody knows yet. */
  #cancelAt = undefined;
  #wentOff = false;
  #askedAt = 0;

  /** @param {Trading} trading @param {ServerClock} clock */
  constructor(trading, clock) {
    this.trading = trading;
    this.clock = clock;
    this.form = byId("switch-form", HTMLFormElement);
    this.fields = new Fields(this.form);
    this.seconds = byId("timeout_seconds", HTMLInputElement);
    this.arm = byId("switch-arm", HTMLButtonElement);
    this.disarm = byId("switch-disarm", HTMLButtonElement);
    this.note = byId("safety-note");
    this.box = byId("end-with-connection", HTMLInputElement);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#set(this.#typed());
    });
    this.disarm.addEventListener("click", () => this.#set(0));
    this.box.addEventListener("change", () => this.#endWithConnection(this.box.checked));
    document.addEventListener("visibilitychange", () => this.#tick());
    setInterval(() => this.#tick(), TICK);
  }

  /** The connection is there, or gone. */
  drawLink() {
    const { link } = this.trading;
    this.arm.disabled = this.box.disabled = link !== "ready";
    this.disarm.disabled = link !== "ready" || !this.#cancelAt;
    if (link === "ready") this.ask();
  }

  /** Orders have ended: the switch may have been the reason. @param {Order[]} orders */
  notice(orders) {
    if (!orders.some(({ reason }) => reason === "cancel_after")) return;
    this.#wentOff = true;
    this.ask();
  }

  /** Ask when it goes off; what cannot be learned now is asked again. */
  async ask() {
    this.#askedAt = performance.now();
    try {
      this.#learn((await get("orders/cancel-after")).cancel_at);
    } catch {
      // The next look asks again.
    }
  }

  /** Each market's engine lets it go off by itself: for a moment it is set in some of them, and due.
   * @param {Timestamp | null} cancelAt */
  #learn(cancelAt) {
    const wasDue = this.#cancelAt && this.clock.until(this.#cancelAt) <= 0;
    if (cancelAt === null && wasDue) this.#wentOff = true;
    if (cancelAt !== null && this.clock.until(cancelAt) > 0) this.#wentOff = false;
    this.#cancelAt = cancelAt;
    this.form.dataset.armed = String(cancelAt !== null);
    setText(this.arm, cancelAt === null ? "Arm" : "Re-arm");
    this.disarm.disabled = cancelAt === null || this.trading.link !== "ready";
    this.#draw();
  }

  #tick() {
    if (document.hidden || this.trading.link !== "ready") return;
    const isDue = this.#cancelAt && this.clock.until(this.#cancelAt) <= 0;
    if (performance.now() - this.#askedAt > (isDue ? ASK_WHEN_DUE : ASK_EVERY)) this.ask();
    this.#draw();
  }

  #draw() {
    const words = this.#cancelAt
      ? `Armed: all your orders, in all markets, are canceled in ${timeLeft(this.clock.until(this.#cancelAt))} unless it is armed again.`
      : this.#cancelAt === null
        ? this.#wentOff
          ? "It went off: all your orders were canceled. It is off now."
          : "It is off."
        : "";
    setText(byId("switch-words"), words);
    const state = byId("switch-state");
    setText(state, this.#cancelAt ? `armed ${timeLeft(this.clock.until(this.#cancelAt))}` : "");
  }

  /** A whole number as one; other text as it is, for the exchange to refuse. */
  #typed() {
    const text = this.seconds.value.trim();
    return /^[0-9]{1,9}$/.test(text) ? Number(text) : text;
  }

  /** @param {number | string} seconds */
  async #set(seconds) {
    this.fields.clear();
    note(this.note, "");
    this.arm.disabled = this.disarm.disabled = true;
    try {
      if (seconds !== 0) await this.clock.set();
      const { cancel_at: cancelAt } = await this.trading.cancelAllAfter(/** @type {number} */ (seconds));
      this.#askedAt = performance.now();
      this.#wentOff = false;
      this.#learn(cancelAt);
    } catch (error) {
      this.#refused(error);
    }
    this.arm.disabled = this.trading.link !== "ready";
    this.disarm.disabled = this.arm.disabled || !this.#cancelAt;
  }

  /** @param {unknown} error */
  #refused(error) {
    /** @type {[string, string][]} */
    const said = Object.entries(error instanceof Refusal ? error.errors : {}).map(([name, messages]) => [name, inWords(messages[0])]);
    const left = this.fields.sayAll(said);
    if (!said.length) left.push(`Not done: ${inWords(error instanceof Error ? error.message : error, { sentence: false })}`);
    note(this.note, left.join(" "), "bad");
  }

  /** @param {boolean} wanted */
  async #endWithConnection(wanted) {
    this.box.disabled = true;
    note(this.note, "");
    try {
      await this.trading.endOrdersWithConnection(wanted);
    } catch (error) {
      note(this.note, `Not changed: ${inWords(error instanceof Error ? error.message : error, { sentence: false })}`, "bad");
    }
    this.box.checked = this.trading.endsWithConnection;
    this.box.disabled = this.trading.link !== "ready";
  }
}
