/* Connection: one WebSocket of the contract, opened again whenever it is lost.
 *
 * Rules:
 * - A request resolves with its result, or rejects with a Refusal (the exchange said no) or with
 *   Unanswered (nobody knows what became of it).
 * - Reopened after pauses that grow to MAX_PAUSE, with chance in them so that a thousand pages do
 *   not come back in the same instant; at once when the computer is online again.
 * - A connection on which nothing is heard for DEAD_AFTER, though it is pinged, is given up.
 */

/** @import { WireError } from "./types.js" */

const FIRST_PAUSE = 250;
const MAX_PAUSE = 5000;
const PING_EVERY = 5000;
const DEAD_AFTER = 12000;
const LOOK_EVERY = 250;

/** The exchange's "no": the contract's code, a message, and messages by field. */
export class Refusal extends Error {
  /** @param {WireError} error */
  constructor(error) {
    // What the wire says to who is not logged in is for programs.
    super(error.code === "not_authenticated" ? "You are logged out; log in again." : (error.message ?? error.code));
    this.code = error.code;
    this.errors = error.errors ?? {};
    this.order = error.order ?? null;
  }
}

/** No answer came: the connection was lost, or the time was up. */
export class Unanswered extends Error {}

/**
 * What a connection tells: `tick` is called a few times a second while it is open.
 * @typedef {object} Follower
 * @property {() => void} opened
 * @property {(reason: string) => void} closed
 * @property {(message: any) => void} received  whatever came, which need not be what the contract says
 * @property {(now: number) => void} [tick]
 *
 * @typedef {object} Waiting
 * @property {(result: any) => void} resolve
 * @property {(error: Refusal | Unanswered) => void} reject
 * @property {number} timer
 */

export class Connection {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<unknown, Waiting>} */
  #waiting = new Map();
  #nextId = 1;
  #pause = FIRST_PAUSE;
  #reopening = 0;
  #heardAt = 0;
  #pingedAt = 0;

  /** @param {string} path @param {Follower} follower */
  constructor(path, follower) {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.url = `${scheme}//${location.host}${path}`;
    this.follower = follower;
    setInterval(() => this.#look(), LOOK_EVERY);
    addEventListener("online", () => this.#reopenNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.#reopenNow());
    this.#open();
  }

  get isOpen() {
    return this.#openSocket() !== null;
  }

  #openSocket() {
    return this.#socket?.readyState === WebSocket.OPEN ? this.#socket : null;
  }

  /** The result, whose shape the caller knows. @param {string} method @param {object} params @returns {Promise<any>} */
  request(method, params, timeout = 10000) {
    const socket = this.#openSocket();
    if (socket === null) return Promise.reject(new Unanswered("not connected"));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Unanswered(`no answer within ${timeout / 1000} s`));
      }, timeout);
      this.#waiting.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify({ method, params, req_id: id }));
    });
  }

  /** Give this connection up and open another. */
  reopen() {
    const socket = this.#socket;
    if (!socket) return;
    this.#lose("the connection was given up");
    socket.close();
  }

  #open() {
    this.#reopening = 0;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#heardAt = this.#pingedAt = performance.now();
    socket.addEventListener("open", () => socket === this.#socket && this.follower.opened());
    socket.addEventListener("message", ({ data }) => socket === this.#socket && this.#hear(data));
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) this.#lose(event.reason || "the connection was lost");
    });
  }

  /** @param {string} data */
  #hear(data) {
    this.#heardAt = performance.now();
    this.#pause = FIRST_PAUSE;
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      message = {};
    }
    const waiting = message.req_id === undefined ? undefined : this.#waiting.get(message.req_id);
    if (waiting === undefined) {
      if (message.method === undefined) this.follower.received(message);
      return;
    }
    this.#waiting.delete(message.req_id);
    clearTimeout(waiting.timer);
    if (message.success) waiting.resolve(message.result);
    else waiting.reject(new Refusal(message.error ?? { code: "internal_error" }));
  }

  /** @param {string} reason */
  #lose(reason) {
    this.#socket = null;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Unanswered(reason));
    }
    this.#waiting.clear();
    this.follower.closed(reason);
    this.#reopening = setTimeout(() => this.#open(), this.#pause * (0.5 + Math.random() / 2));
    this.#pause = Math.min(MAX_PAUSE, this.#pause * 2);
  }

  #reopenNow() {
    if (!this.#reopening) return;
    clearTimeout(this.#reopening);
    this.#open();
  }

  #look() {
    if (!this.#socket) return;
    const now = performance.now();
    if (now - this.#heardAt > DEAD_AFTER) {
      this.reopen();
      return;
    }
    if (!this.isOpen) return;
    if (now - this.#heardAt > PING_EVERY && now - this.#pingedAt > PING_EVERY) {
      this.#pingedAt = now;
      this.#socket.send(JSON.stringify({ method: "ping" }));
    }
    this.follower.tick?.(now);
  }
}
