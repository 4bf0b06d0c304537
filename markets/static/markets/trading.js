/* Trading: the page's private socket: orders sent, and the account's orders, fills and balances kept.
 *
 * Rules:
 * - The tables come from the private channels alone; answers to requests only say what to tell.
 * - A submission keeps its client_order_id until its outcome is known: asked again over the next
 *   connection, the exchange answers with the first one's order and never makes a second.
 * - `changed` is called after every change; `link` is "connecting", "ready" or "refused".
 */

import { AccountFeed, CHANNELS, Gap } from "./account_feed.js";
import { Connection, Refusal, Unanswered } from "./connection.js";

const KEPT_FILLS = 200;
const PATIENCE = 30000;
const RETRY_PAUSE = 500;
const GAPS = 3;
const OPEN = new Set(["open", "partially_filled", "untriggered"]);
const TRY_LATER = new Set(["busy", "unavailable", "timeout", "rate_limited"]);

/** A fresh id for one submission; unique per account for ever. */
export function newClientOrderId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export class Trading {
  #feed = new AccountFeed();
  #gaps = 0;

  /** `changed` is a function of "orders", "fills", "balances" or "link". */
  constructor(changed) {
    this.changed = changed;
    this.orders = new Map();
    this.fills = [];
    this.balances = new Map();
    this.link = "connecting";
    this.reason = "";
    this.connection = new Connection("/ws/v1/trading", this);
  }

  available(asset) {
    return this.balances.get(asset)?.available ?? "0";
  }

  /** Resolves with the order; rejects with a Refusal, or Unanswered when the outcome is unknown. */
  submit(order) {
    return this.#insist("submit_order", order);
  }

  cancel(id) {
    return this.#insist("cancel_order", { id });
  }

  /** Cancel the orders of a market, or all where it is null. */
  cancelAll(market) {
    return this.#insist("cancel_all", market === null ? {} : { market });
  }

  async #insist(method, params) {
    const giveUpAt = performance.now() + PATIENCE;
    for (;;) {
      try {
        return await this.connection.request(method, params);
      } catch (error) {
        const later = error instanceof Unanswered || (error instanceof Refusal && TRY_LATER.has(error.code));
        if (!later || performance.now() > giveUpAt) throw error;
        await new Promise((resume) => setTimeout(resume, RETRY_PAUSE));
      }
    }
  }

  // The follower of its connection

  opened() {
    const params = { channels: CHANNELS };
    if (this.#feed.resumeFrom !== null) params.from_sequence = this.#feed.resumeFrom;
    this.#feed.subscribed();
    this.connection
      .request("subscribe", params)
      .then(() => this.#set("ready", ""))
      .catch((error) => this.#refused(error, params));
  }

  #refused(error, params) {
    if (!(error instanceof Refusal) || TRY_LATER.has(error.code)) {
      this.connection.reopen();
    } else if (params.from_sequence !== undefined && error.code === "invalid_request") {
      // Where we left off is not in the exchange's history: it is another one now.
      this.#feed.startOver();
      this.connection.reopen();
    } else {
      const loggedOut = error.code === "not_authenticated";
      this.#set("refused", loggedOut ? "You are logged out; log in again." : error.message);
    }
  }

  closed(reason) {
    this.#set("connecting", reason);
  }

  received(message) {
    let events;
    try {
      events = this.#feed.receive(message);
    } catch (error) {
      if (!(error instanceof Gap)) throw error;
      // Resume where the gap is; where it cannot be filled, begin with snapshots.
      this.#gaps += 1;
      if (this.#gaps > GAPS) this.#feed.startOver();
      this.connection.reopen();
      return;
    }
    if (events.length) this.#gaps = 0;
    for (const event of events) this.#take(event);
  }

  #take({ channel, type, rows }) {
    const whole = type === "snapshot";
    switch (channel) {
      case "orders":
        if (whole) this.orders.clear();
        for (const order of rows) {
          if (OPEN.has(order.status)) this.orders.set(order.id, order);
          else this.orders.delete(order.id);
        }
        break;
      case "fills":
        // The wire has them newest first in a snapshot, oldest first in an update.
        this.fills = (whole ? rows : [...[...rows].reverse(), ...this.fills]).slice(0, KEPT_FILLS);
        break;
      case "balances":
        if (whole) this.balances.clear();
        for (const balance of rows) this.balances.set(balance.asset, balance);
        break;
    }
    this.changed(channel);
  }

  #set(link, reason) {
    this.link = link;
    this.reason = reason;
    this.changed("link");
  }
}
