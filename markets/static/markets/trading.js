/* Trading: the page's private socket: orders sent, and the account's orders, fills and balances kept.
 *
 * Rules:
 * - The tables come from the private channels alone; answers to requests only say what to tell.
 * - A submission keeps its client_order_id until its outcome is known: asked again over the next
 *   connection, the exchange answers with the first one's order and never makes a second.
 * - `changed` is called after every change; `link` is "connecting", "ready" or "refused".
 * - A snapshot has open orders alone; those that ended before it are asked for over HTTP.
 * - Whoever wants orders that end with the connection says so first on each new one. To want it no longer
 *   is to log out cleanly and connect anew.
 */

import { AccountFeed, CHANNELS, Gap } from "./account_feed.js";
import { Connection, Refusal, Unanswered } from "./connection.js";
import { ENDED_STATUSES, EndedOrders, OPEN_STATUSES } from "./ended_orders.js";
import { get } from "./rest.js";

/** @import { AccountEvent, Balance, Fill, Order, Page, PrivateChannel, Side } from "./types.js" */

/** What changed, and what is new of it.
 * @typedef {(what: PrivateChannel | "ended" | "link", news: any[]) => void} Changed */

const KEPT_FILLS = 200;
const PATIENCE = 30000;
const RETRY_PAUSE = 500;
const GAPS = 3;
const KEPT_ENDED = 50;
const TRY_LATER = new Set(["busy", "unavailable", "timeout", "rate_limited"]);

/** A fresh id for one submission; unique per account for ever. */
export function newClientOrderId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export class Trading {
  #feed = new AccountFeed();
  #gaps = 0;
  #leaving = false;

  /** @param {Changed} changed */
  constructor(changed) {
    this.changed = changed;
    /** @type {Map<string, Order>} Those that are open, by id. */
    this.orders = new Map();
    this.ended = new EndedOrders();
    this.endsWithConnection = false;
    /** @type {Fill[]} The last ones, newest first. */
    this.fills = [];
    /** @type {Map<string, Balance>} */
    this.balances = new Map();
    /** @type {"connecting" | "ready" | "refused"} */
    this.link = "connecting";
    this.reason = "";
    this.connection = new Connection("/ws/v1/trading", this);
  }

  /** @param {string} asset */
  available(asset) {
    return this.balances.get(asset)?.available ?? "0";
  }

  /** Resolves with the order or group; rejects with a Refusal, or Unanswered when the outcome is unknown.
   * @param {string} method @param {object} params */
  submit(method, params) {
    return this.#insist(method, params);
  }

  /** Give an order other terms: some of price, stop_price and quantity.
   * @param {string} id @param {Partial<Record<"price" | "stop_price" | "quantity", string>>} changes */
  amend(id, changes) {
    return this.#insist("amend_order", { id, ...changes });
  }

  /** @param {string} id */
  cancel(id) {
    return this.#insist("cancel_order", { id });
  }

  /** Cancel the orders of a market, or all where it is null; of a side, or both where it is null.
   * @param {string | null} market @param {Side | null} side */
  cancelAll(market, side) {
    return this.#insist("cancel_all", { market, side });
  }

  /** Set the dead man's switch, or disarm it with 0. @param {number} seconds */
  cancelAllAfter(seconds) {
    return this.#insist("cancel_all_after", { timeout_seconds: seconds });
  }

  /** Whether the orders that are placed from now on end with this connection. Rejects if it stays as it was.
   * @param {boolean} wanted */
  async endOrdersWithConnection(wanted) {
    if (wanted) {
      await this.connection.request("login", { cancel_on_disconnect: true });
      this.endsWithConnection = true;
      return;
    }
    this.#leaving = true;
    try {
      await this.connection.request("logout", {});
    } catch (error) {
      // Given up without an answer, the connection would take the orders with it.
      if (this.connection.isOpen) throw error;
    } finally {
      this.#leaving = false;
    }
    this.endsWithConnection = false;
    this.connection.reopen();
  }

  /** @param {string} method @param {object} params @returns {Promise<any>} */
  async #insist(method, params) {
    const giveUpAt = performance.now() + PATIENCE;
    for (;;) {
      try {
        if (this.#leaving) throw new Unanswered("connecting anew");
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
    /** @type {{ channels: PrivateChannel[], from_sequence?: number }} */
    const params = { channels: CHANNELS };
    if (this.#feed.resumeFrom !== null) params.from_sequence = this.#feed.resumeFrom;
    this.#feed.subscribed();
    const loggedIn = this.endsWithConnection
      ? this.connection.request("login", { cancel_on_disconnect: true })
      : Promise.resolve();
    loggedIn.catch(() => {}); // it is looked at below, after the answer that says more
    this.connection
      .request("subscribe", params)
      .then(() => loggedIn)
      .then(() => this.#set("ready", ""))
      .catch((error) => this.#refused(error, params));
  }

  /** @param {Error} error @param {{ from_sequence?: number }} params */
  #refused(error, params) {
    if (!(error instanceof Refusal) || TRY_LATER.has(error.code)) {
      this.connection.reopen();
    } else if (params.from_sequence !== undefined && error.code === "invalid_request") {
      // Where we left off is not in the exchange's history: it is another one now.
      this.#feed.startOver();
      this.connection.reopen();
    } else {
      this.#set("refused", error.message);
    }
  }

  /** @param {string} reason */
  closed(reason) {
    this.#set("connecting", reason);
  }

  /** @param {Record<string, any>} message */
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

  /** @param {AccountEvent} event */
  #take({ channel, type, rows }) {
    const whole = type === "snapshot";
    switch (channel) {
      case "orders":
        if (whole) this.orders.clear();
        for (const order of rows) {
          if (OPEN_STATUSES.has(order.status)) this.orders.set(order.id, order);
          else this.orders.delete(order.id);
        }
        this.ended.take(rows);
        if (whole) this.#askForEnded();
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
    this.changed(channel, rows);
    if (channel === "orders" && !whole) this.changed("ended", rows);
  }

  /** Those that ended before the page was there to hear of it. */
  async #askForEnded() {
    try {
      const pages = await Promise.all(ENDED_STATUSES.map((status) => get(`orders?status=${status}&limit=${KEPT_ENDED}`)));
      for (const { results } of /** @type {Page<Order>[]} */ (pages)) this.ended.take(results);
    } catch {
      // The next connection asks again; what ends from now on is told anyway.
    }
    this.changed("ended", []);
  }

  /** @param {"connecting" | "ready" | "refused"} link @param {string} reason */
  #set(link, reason) {
    this.link = link;
    this.reason = reason;
    this.changed("link", []);
  }
}
