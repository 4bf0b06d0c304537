/* First steps: what a new account does first, each ticked off by what is so, until all is done or it is dismissed.
 *
 * Rules:
 * - A step is done when the exchange shows it: money among the balances, an order or a fill, an API key.
 *   Nothing is remembered here but that an account wants to see it no more, in this browser.
 * - Nothing is shown before all three are known: whoever has done them never sees a flicker of it.
 */

import { compare } from "./decimal.js";
import { byId, find, setText } from "./draw.js";
import { get } from "./rest.js";

/** @import { Trading } from "./trading.js" */

/** @typedef {"money" | "order" | "key"} Step */
/** What must have been heard of before anything is shown. @typedef {"balances" | "ended" | "keys"} Source */

const SOURCES = 3;

export class FirstSteps {
  #hasKey = false;
  /** @type {Set<Source>} */
  #heard = new Set();
  #everShown = false;
  #knownDone = "";

  /** @param {Trading} trading @param {() => void} getMoney @param {() => void} placeOrder */
  constructor(trading, getMoney, placeOrder) {
    this.trading = trading;
    this.place = byId("first-steps");
    this.dismissed = `first-steps-dismissed-${this.place.dataset.account}`;
    byId("first-dismiss").addEventListener("click", () => this.#dismiss());
    document.getElementById("first-faucet")?.addEventListener("click", getMoney);
    byId("first-order").addEventListener("click", placeOrder);
    if (this.#isDismissed()) return;
    this.#askForKeys();
    document.addEventListener("visibilitychange", () => document.hidden || this.#askForKeys());
  }

  /** Something of this is known, or has changed. @param {Source} source */
  hear(source) {
    this.#heard.add(source);
    if (this.#heard.size === SOURCES && !this.#isDismissed()) this.#draw();
  }

  #draw() {
    const done = this.#done();
    const all = Object.values(done).every(Boolean);
    if (all && !this.#everShown) return;
    this.#everShown = true;
    this.place.hidden = false;
    const now = JSON.stringify(done);
    if (now === this.#knownDone) return;
    this.#knownDone = now;
    for (const [step, isDone] of Object.entries(done)) {
      const item = find(this.place, `[data-step="${step}"]`);
      item.classList.toggle("done", isDone);
      setText(find(item, ".step-state"), isDone ? "Done: " : "To do: ");
    }
    setText(byId("first-steps-done"), all ? "All done. Good trading!" : "");
  }

  /** @returns {Record<Step, boolean>} */
  #done() {
    const { balances, orders, fills, ended } = this.trading;
    return {
      money: [...balances.values()].some(({ total }) => compare(total, "0") > 0) || fills.length > 0,
      order: orders.size > 0 || fills.length > 0 || ended.all().length > 0,
      key: this.#hasKey,
    };
  }

  async #askForKeys() {
    if (this.#hasKey) return;
    try {
      this.#hasKey = (await get("api-keys")).length > 0;
    } catch {
      return; // the next look asks again
    }
    this.hear("keys");
  }

  #dismiss() {
    try {
      localStorage.setItem(this.dismissed, "1");
    } catch {
      // It comes back with the next page.
    }
    this.place.remove();
  }

  #isDismissed() {
    try {
      return !this.place.isConnected || localStorage.getItem(this.dismissed) !== null;
    } catch {
      return !this.place.isConnected;
    }
  }
}
