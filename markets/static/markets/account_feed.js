/* AccountFeed: an account's numbered messages in, each event out exactly once. No socket, no page.
 *
 * Rules:
 * - An account has one sequence over its orders, fills and balances, without gaps; all three are
 *   always subscribed, so a missing number is a missing message.
 * - A first subscription brings one snapshot a channel, then updates. An update that its channel's
 *   snapshot already holds is dropped; one that comes before all snapshots are there waits for them.
 * - A resumed one brings the updates from `resumeFrom` on. Repeats are dropped; a gap throws Gap.
 */

/** @import { AccountEvent, PrivateChannel } from "./types.js" */

/** @type {PrivateChannel[]} */
export const CHANNELS = ["orders", "fills", "balances"];

/** A private message is missing: resume from `resumeFrom`. */
export class Gap extends Error {}

export class AccountFeed {
  /** @type {number | null} */
  #last = null;
  /** @type {Map<PrivateChannel, number>} */
  #snapshots = new Map();
  /** @type {AccountEvent[]} */
  #early = [];

  /** The first number still wanted; null where snapshots are. */
  get resumeFrom() {
    return this.#last === null ? null : this.#last + 1;
  }

  /** A new subscription was made, with `resumeFrom`. */
  subscribed() {
    if (this.#last !== null) return;
    this.#snapshots.clear();
    this.#early = [];
  }

  /** Forget where we are: the next subscription begins with snapshots. */
  startOver() {
    this.#last = null;
    this.subscribed();
  }

  /** Take one message; returns what is new, in order, as {channel, type, rows}.
   * @param {Record<string, any>} message @returns {AccountEvent[]} */
  receive({ channel, type, data }) {
    if (!CHANNELS.includes(channel)) return [];
    /** @type {AccountEvent} */
    const event = { channel, type, sequence: data.sequence, rows: data[channel] };
    if (!Number.isSafeInteger(event.sequence) || !Array.isArray(event.rows)) throw new Gap("unreadable");
    return type === "snapshot" ? this.#takeSnapshot(event) : this.#takeUpdate(event);
  }

  /** @param {AccountEvent} event */
  #takeSnapshot(event) {
    if (this.#last !== null) {
      if (event.sequence > this.#last) throw new Gap(`a snapshot is at ${event.sequence}`);
      return [];
    }
    this.#snapshots.set(event.channel, event.sequence);
    const events = [event];
    if (this.#snapshots.size === CHANNELS.length) {
      this.#last = Math.min(...this.#snapshots.values());
      for (const early of this.#early.splice(0)) events.push(...this.#takeUpdate(early));
    }
    return events;
  }

  /** @param {AccountEvent} event @returns {AccountEvent[]} */
  #takeUpdate(event) {
    if (this.#last === null) {
      this.#early.push(event);
      return [];
    }
    if (event.sequence <= this.#last) return [];
    if (event.sequence <= (this.#snapshots.get(event.channel) ?? 0)) {
      this.#last = event.sequence;
      return [];
    }
    if (event.sequence !== this.#last + 1) {
      throw new Gap(`message ${this.#last + 1} is missing: ${event.sequence} came instead`);
    }
    this.#last = event.sequence;
    return [event];
  }
}
