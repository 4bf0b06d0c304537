/* The mark: whether the page's book is proved, always in sight; on demand what proves it.
 *
 * Rules:
 * - Sequence and checksum are those that were verified, never those merely received.
 * - What is not in step says so in the mark, over the ladder, and to a screen reader, once a change.
 * - Ages and lags are written a few times a second, and only while they are looked at.
 */

import { byId, setText } from "./draw.js";
import { inWords } from "./words.js";

/** @import { MarketFeed } from "./feed.js" */
/** @import { ServerClock } from "./rest.js" */
/** @import { Trading } from "./trading.js" */

/** @typedef {"in" | "out" | "connecting"} Step */

const TICK = 250;
const WORDS = { in: "Book verified", out: "Out of step", connecting: "Connecting" };

export class Mark {
  #wasInStep = false;
  #everInStep = false;
  /** @type {{ sequence: number, checksum: number, size: { bids: number, asks: number } } | null} What was verified last. */
  #proved = null;

  /** @param {MarketFeed} feed @param {ServerClock} clock */
  constructor(feed, clock) {
    this.feed = feed;
    this.clock = clock;
    this.mark = byId("mark", HTMLDetailsElement);
    this.ladder = byId("ladder");
    this.mark.addEventListener("toggle", () => this.#drawProof());
    setInterval(() => this.#drawProof(), TICK);
  }

  draw() {
    const { inStep, book } = this.feed.feed;
    this.#everInStep ||= inStep;
    if (inStep) this.#proved = { sequence: book.sequence, checksum: book.checksum, size: book.size };
    const step = inStep ? "in" : this.#everInStep ? "out" : "connecting";
    this.mark.dataset.step = this.ladder.dataset.step = step;
    setText(byId("mark-word"), WORDS[step]);
    this.#drawVeil(step);
    this.#drawProof();
    if (inStep === this.#wasInStep) return;
    this.#wasInStep = inStep;
    setText(byId("mark-said"), inStep ? "The order book is in step." : "The order book is out of step.");
  }

  /** The connection that carries orders. @param {Trading} trading */
  drawLink({ link, reason }) {
    const words = { ready: "", connecting: "connecting…", refused: inWords(reason) }[link];
    setText(byId("link"), words);
    setText(byId("mark-orders"), words || "connected");
    setText(byId("mark-link"), link === "ready" ? "" : "Orders: not connected");
  }

  /** @param {Step} step */
  #drawVeil(step) {
    const { inStep, state, reason } = this.feed.feed;
    const words = `${WORDS[step]}: ${reason}. ${state === "waiting" ? "Asking for a fresh book…" : "Connecting again…"}`;
    for (const node of [byId("ladder-veil"), byId("mark-reason")]) {
      node.hidden = inStep;
      if (!inStep) setText(node, words);
    }
  }

  #drawProof() {
    if (!this.mark.open) return;
    const { feed, verifiedAt } = this.feed;
    const lag = this.#lag();
    if (this.#proved) {
      const { sequence, checksum, size } = this.#proved;
      setText(byId("mark-sequence"), `#${sequence}`);
      setText(byId("mark-checksum"), checksum.toString(16).padStart(8, "0"));
      setText(byId("ladder-size"), `${size.bids} bid and ${size.asks} ask levels`);
    }
    const age = verifiedAt === null ? null : (performance.now() - verifiedAt) / 1000;
    setText(byId("mark-verified"), age === null ? "never" : `${age.toFixed(1)} s ago`);
    setText(byId("mark-lag"), lag === null ? "–" : `${lag} ms`);
    setText(byId("mark-resyncs"), feed.resyncs === 1 ? "once" : `${feed.resyncs} times`);
  }

  /** How long the last book was on its way, as well as the clocks can tell, in milliseconds. */
  #lag() {
    const { lastBook } = this.feed;
    if (lastBook === null) return null;
    const ahead = this.clock.now() - Date.now();
    return Math.max(0, Math.round(lastBook.at + ahead - new Date(lastBook.timestamp).getTime()));
  }
}
