/* EndedOrders: the account's last ended orders, whoever tells of them first. No page, no socket.
 *
 * Rules:
 * - An order that has ended never changes again, so it does not matter which source it came from.
 * - The one that ended last comes first.
 */

/** @import { Order } from "./types.js" */

const KEPT = 100;

export const OPEN_STATUSES = new Set(["open", "partially_filled", "untriggered"]);
export const ENDED_STATUSES = ["filled", "canceled", "expired"];

export class EndedOrders {
  /** @type {Map<string, Order>} */
  #byId = new Map();

  /** Take those of the orders that have ended. @param {Order[]} orders */
  take(orders) {
    for (const order of orders) if (!OPEN_STATUSES.has(order.status)) this.#byId.set(order.id, order);
    if (this.#byId.size > 2 * KEPT) this.#byId = new Map(this.all().map((order) => [order.id, order]));
  }

  /** The last KEPT, the latest first. */
  all() {
    return [...this.#byId.values()].sort(later).slice(0, KEPT);
  }
}

/** Times of one length, so that their letters decide; of one moment, the younger order first. @param {Order} a @param {Order} b */
function later(a, b) {
  if (a.updated_at !== b.updated_at) return a.updated_at < b.updated_at ? 1 : -1;
  return a.id.length - b.id.length ? b.id.length - a.id.length : a.id < b.id ? 1 : -1;
}
