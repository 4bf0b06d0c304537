/* Rest: the little that the page asks over HTTP, since the sockets do not say it. */

/** @import { Timestamp } from "./types.js" */

/** The answer's JSON, whose shape the caller knows; throws an Error that says what went wrong.
 * @param {string} path @returns {Promise<any>} */
export async function get(path) {
  const answer = await fetch(`/api/v1/${path}`, { headers: { Accept: "application/json" } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail ?? body.code ?? answer.statusText);
  return body;
}

/** POST without a body, in the name of who is logged in: {ok, body}. @param {string} path */
export async function post(path) {
  const token = /** @type {HTMLMetaElement} */ (document.querySelector('meta[name="csrf-token"]')).content;
  const answer = await fetch(`/api/v1/${path}`, { method: "POST", headers: { "X-CSRFToken": token } });
  return { ok: answer.ok, body: await answer.json() };
}

/** The exchange's clock, as well as it can be known: half a journey off at most. */
export class ServerClock {
  #ahead = 0;

  async set() {
    const asked = Date.now();
    const { time } = await get("time");
    this.#ahead = new Date(time).getTime() - (asked + Date.now()) / 2;
  }

  /** Milliseconds since 1970 there. */
  now() {
    return Date.now() + this.#ahead;
  }

  /** Milliseconds until a moment of the exchange. @param {Timestamp} timestamp */
  until(timestamp) {
    return new Date(timestamp).getTime() - this.now();
  }
}
