/* LocalBook and BookFeed: a market's book messages in, a true book or "resync" out. No page, no clock.
 *
 *     waiting ── snapshot that adds up ──▶ in_step ── anything amiss ──▶ waiting (resync asked)
 *        ▲                                    │                          or out_of_step, when it
 *        └────────── asked(now) ──────────────┴──── disconnected() ────▶ may not be asked yet
 *
 * Rules, in the order in which they are tried:
 * - A snapshot is believed when its checksum adds up. One older than the book in step is a late
 *   repeat. One older than what was once in step is doubted: asked for again, and believed when the
 *   exchange insists, since its numbers, not ours, are the truth.
 * - An update wholly at or before our sequence is a repeat and changes nothing, unless it names our
 *   very sequence with another checksum: then one of us is wrong.
 * - An update must start at our sequence exactly, and its checksum must be the book's afterwards.
 * - A heartbeat must name our sequence and our checksum.
 * - Silence of more than STALE_AFTER is out of step too; a repeat does not break the silence.
 * - Whoever is not in step ignores all but snapshots, and asks again each SNAPSHOT_WITHIN.
 * - What cannot be read counts as a message lost. Whatever comes in, `receive` does not throw.
 *
 * The checksum: the sum modulo 2^32, over all levels, of CRC-32 of `b:PRICE:QUANTITY` or
 * `a:PRICE:QUANTITY` with canonical numbers, kept at a cost that depends on the change alone.
 * Prices are compared as the decimal strings that they are. Times are milliseconds on any clock that
 * never goes back.
 */

import { canonical, isPlain } from "./decimal.js";

/** @import { BookHeartbeat, BookSnapshot, BookUpdate, Level } from "./types.js" */
/** @typedef {"applied" | "confirmed" | "ignored" | "need_resync"} Outcome */

export const STALE_AFTER = 3000;
export const SNAPSHOT_WITHIN = 3000;
export const RESYNC_PAUSE = 250;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32, the zlib one, of an ASCII text. @param {string} text */
export function crc32(text) {
  let crc = 0xffffffff;
  for (let at = 0; at < text.length; at += 1) {
    crc = CRC_TABLE[(crc ^ text.charCodeAt(at)) & 0xff] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Below 0, 0 or above 0; both are canonical and not negative, so their digits decide.
 * @param {string} first @param {string} second */
export function comparePrices(first, second) {
  const [whole1, fraction1 = ""] = first.split(".");
  const [whole2, fraction2 = ""] = second.split(".");
  if (whole1.length !== whole2.length) return whole1.length - whole2.length;
  if (whole1 !== whole2) return whole1 < whole2 ? -1 : 1;
  return fraction1 === fraction2 ? 0 : fraction1 < fraction2 ? -1 : 1;
}

/** @param {unknown} pairs @returns {Map<string, string>} */
function readLevels(pairs) {
  if (!Array.isArray(pairs)) throw new TypeError("levels must be a list");
  const levels = new Map();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2 || !pair.every(isPlain)) {
      throw new TypeError(`not a level: ${JSON.stringify(pair)}`);
    }
    const [price, quantity] = pair.map(canonical);
    if (price === "0" || price.startsWith("-") || quantity.startsWith("-")) {
      throw new TypeError(`not a level: ${JSON.stringify(pair)}`);
    }
    levels.set(price, quantity);
  }
  return levels;
}

/** One side: quantities by price, and the prices best first. */
class Side {
  /** @param {"a" | "b"} letter */
  constructor(letter) {
    this.letter = letter;
    /** @type {Map<string, string>} */
    this.quantities = new Map();
    /** @type {string[]} */
    this.prices = [];
  }

  /** Where the price is, or belongs. @param {string} price */
  #place(price) {
    const direction = this.letter === "b" ? -1 : 1;
    let low = 0;
    let high = this.prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (direction * comparePrices(this.prices[middle], price) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Give the price a new total; returns by how much the checksum changes.
   * @param {string} price @param {string} quantity */
  set(price, quantity) {
    const old = this.quantities.get(price);
    let change = 0;
    if (old !== undefined) change -= crc32(`${this.letter}:${price}:${old}`);
    if (quantity !== "0") {
      change += crc32(`${this.letter}:${price}:${quantity}`);
      if (old === undefined) this.prices.splice(this.#place(price), 0, price);
      this.quantities.set(price, quantity);
    } else if (old !== undefined) {
      this.prices.splice(this.#place(price), 1);
      this.quantities.delete(price);
    }
    return change;
  }

  /** @param {number | undefined} depth @returns {Level[]} */
  best(depth) {
    return this.prices.slice(0, depth).map((price) => [price, /** @type {string} */ (this.quantities.get(price))]);
  }
}

/** The price levels of one market as of one sequence number; bids and asks may overlap (auctions). */
export class LocalBook {
  #bids = new Side("b");
  #asks = new Side("a");

  /** @param {string} market */
  constructor(market) {
    this.market = market;
    this.sequence = 0;
    this.checksum = 0;
  }

  /** The best `depth` bids as [price, quantity], or all of them, highest first. @param {number} [depth] */
  bids(depth) {
    return this.#bids.best(depth);
  }

  /** The best `depth` asks as [price, quantity], or all of them, lowest first. @param {number} [depth] */
  asks(depth) {
    return this.#asks.best(depth);
  }

  /** How many levels there are. */
  get size() {
    return { bids: this.#bids.prices.length, asks: this.#asks.prices.length };
  }

  /** Become a whole snapshot; throws TypeError, and is then unchanged.
   * @param {number} sequence @param {unknown} bids @param {unknown} asks */
  replace(sequence, bids, asks) {
    const [readBids, readAsks] = [readLevels(bids), readLevels(asks)];
    this.#bids = new Side("b");
    this.#asks = new Side("a");
    this.checksum = 0;
    this.#change(sequence, readBids, readAsks);
  }

  /** Take an update's changed levels; throws TypeError, and is then unchanged.
   * @param {number} sequence @param {unknown} bids @param {unknown} asks */
  apply(sequence, bids, asks) {
    this.#change(sequence, readLevels(bids), readLevels(asks));
  }

  /** @param {number} sequence @param {Map<string, string>} bids @param {Map<string, string>} asks */
  #change(sequence, bids, asks) {
    for (const [price, quantity] of bids) this.#add(this.#bids.set(price, quantity));
    for (const [price, quantity] of asks) this.#add(this.#asks.set(price, quantity));
    this.sequence = sequence;
  }

  /** @param {number} change */
  #add(change) {
    this.checksum = (this.checksum + change) >>> 0;
  }
}

/** The message shows that the book is not, or may not be, the exchange's. */
class Amiss extends Error {}

/** Follows one market's `book` channel. `receive` and `tick` return what became of it:
 *  "applied", "confirmed", "ignored", or "need_resync": send a resync request now. */
export class BookFeed {
  #heardAt = 0;
  /** @type {number | null} */
  #askedAt = null;
  #floor = 0;

  /** @param {string} market */
  constructor(market) {
    this.market = market;
    this.book = new LocalBook(market);
    /** @type {"in_step" | "waiting" | "out_of_step"} */
    this.state = "out_of_step";
    this.reason = "not connected";
    this.resyncs = 0;
  }

  get inStep() {
    return this.state === "in_step";
  }

  /** A snapshot has been asked for, by a subscription. @param {number} now */
  asked(now) {
    this.state = "waiting";
    this.reason = "waiting for a snapshot";
    this.#askedAt = now;
  }

  /** The connection ended: nothing is vouched for, and nobody can be asked. */
  disconnected(reason = "not connected") {
    this.state = "out_of_step";
    this.reason = reason;
    this.#askedAt = null;
  }

  /** @param {any} message whatever came @param {number} now @returns {Outcome} */
  receive(message, now) {
    try {
      return this.#receive(message, now);
    } catch (error) {
      const { message: words } = /** @type {Error} */ (error);
      return this.#loseStep(error instanceof Amiss ? words : `a message could not be read (${words})`, now);
    }
  }

  /** Let time pass; call it a few times a second while connected. @param {number} now @returns {Outcome} */
  tick(now) {
    if (this.state === "in_step" && now - this.#heardAt > STALE_AFTER) {
      return this.#loseStep(`nothing heard for ${STALE_AFTER / 1000} s`, now);
    }
    if (this.state === "waiting" && now - (this.#askedAt ?? 0) > SNAPSHOT_WITHIN) return this.#ask(now);
    if (this.state === "out_of_step" && this.#askedAt !== null) return this.#askWhenAllowed(now);
    return "ignored";
  }

  /** @param {any} message @param {number} now @returns {Outcome} */
  #receive(message, now) {
    const { channel, type, data } = message;
    if (channel === undefined || type === undefined || data.market === undefined) {
      throw new TypeError("it has no channel, type or market");
    }
    if (channel !== "book" || data.market !== this.market) return "ignored";
    if (!this.inStep && type !== "snapshot") return "ignored";
    const outcome = this.#take(type, data);
    if (outcome !== "ignored") {
      this.#heardAt = now;
      this.#floor = this.book.sequence;
    }
    return outcome;
  }

  /** @param {unknown} type @param {any} data @returns {Outcome} */
  #take(type, data) {
    switch (type) {
      case "snapshot":
        return this.#snapshot(data);
      case "update":
        return this.#update(data);
      case "heartbeat":
        return this.#heartbeat(data);
      default:
        return "ignored";
    }
  }

  /** @param {BookSnapshot} data @returns {Outcome} */
  #snapshot(data) {
    const sequence = readWhole(data.sequence, "sequence");
    if (this.inStep && sequence < this.book.sequence) return "ignored";
    const book = new LocalBook(this.market);
    book.replace(sequence, data.bids, data.asks);
    if (book.checksum !== readWhole(data.checksum, "checksum")) throw new Amiss("a snapshot does not add up to its checksum");
    if (sequence < this.#floor) {
      this.#floor = sequence;
      throw new Amiss("a snapshot is older than what was seen before");
    }
    this.book = book;
    this.state = "in_step";
    this.reason = "";
    return "applied";
  }

  /** @param {BookUpdate} data @returns {Outcome} */
  #update(data) {
    const ours = this.book.sequence;
    const sequence = readWhole(data.sequence, "sequence");
    const start = readWhole(data.prev_sequence, "sequence");
    if (sequence < ours) return "ignored";
    const checksum = readWhole(data.checksum, "checksum");
    if (sequence === ours && checksum === this.book.checksum) return "ignored";
    if (sequence > ours) {
      if (start !== ours) throw new Amiss(`an update from ${start} to ${sequence} does not follow ${ours}`);
      this.book.apply(sequence, data.bids, data.asks);
    }
    if (this.book.checksum !== checksum) throw new Amiss(`the checksum differs at ${sequence}`);
    return "applied";
  }

  /** @param {BookHeartbeat} data @returns {Outcome} */
  #heartbeat(data) {
    const ours = this.book.sequence;
    if (readWhole(data.sequence, "sequence") !== ours) {
      throw new Amiss(`a heartbeat is at ${data.sequence}, the book at ${ours}`);
    }
    const checksum = readWhole(data.checksum, "checksum");
    if (checksum !== this.book.checksum) throw new Amiss(`a heartbeat's checksum differs at ${ours}`);
    return "confirmed";
  }

  /** @param {string} reason @param {number} now */
  #loseStep(reason, now) {
    this.state = "out_of_step";
    this.reason = reason;
    return this.#askWhenAllowed(now);
  }

  /** @param {number} now @returns {Outcome} */
  #askWhenAllowed(now) {
    if (this.#askedAt !== null && now - this.#askedAt < RESYNC_PAUSE) return "ignored";
    return this.#ask(now);
  }

  /** @param {number} now @returns {Outcome} */
  #ask(now) {
    this.state = "waiting";
    this.#askedAt = now;
    this.resyncs += 1;
    return "need_resync";
  }
}

/** @param {unknown} value @param {string} name @returns {number} */
function readWhole(value, name) {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw new TypeError(`not a ${name}: ${value}`);
  return value;
}
