/* First steps: what a new account does first, each ticked off by what is so, until all is done or it is dismissed.
 *
 * Rules:
 * - A step is done when the exchange shows it: money among the balances, an order or a fill, an API key.
 *   Nothing is remembered here but that somebody wants to see it no more, in this browser.
 * - Nothing is shown before all three are known: whoever has done them never sees a flicker of it.
 */

import { compare } from "./decimal.js";
import { byId, find, setText } from "./draw.js";
import { get } from "./rest.js";

/** @import { Trading } from "./trading.js" */

const DISMISSED = "first-steps-dismissed";

/** @typedef {"money" | "order" | "key"} Step */

export class FirstSteps {
  #hasKey = false;
  #asked = false;
  #everShown = false;
  #knownDone = "";

  /** @param {Trading} trading @param {() => void} getMoney @param {() => void} placeOrder */
  constructor(trading, getMoney, placeOrder) {
    this.trading = trading;
    this.place = byId("first-steps");
    byId("first-dismiss").addEventListener("click", () => this.#dismiss());
    document.getElementById("first-faucet")?.addEventListener("click", getMoney);
    byId("first-order").addEventListener("click", placeOrder);
    if (this.#isDismissed()) return;
    this.#askForKeys();
    document.addEventListener("visibilitychange", () => document.hidden || this.#askForKeys());
  }

  draw() {
    if (this.#isDismissed() || !this.#asked || this.trading.balances.size + this.trading.orders.size === 0 && this.trading.link !== "ready") return;
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
      this.#asked = true;
    } catch {
      return; // the next look asks again
    }
    this.draw();
  }

  #dismiss() {
    try {
      localStorage.setItem(DISMISSED, "1");
    } catch {
      // It comes back with the next page.
    }
    this.place.remove();
  }

  #isDismissed() {
    try {
      return !this.place.isConnected || localStorage.getItem(DISMISSED) !== null;
    } catch {
      return !this.place.isConnected;
    }
  }
}
