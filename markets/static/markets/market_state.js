/* The market's state where it is not simply open: what it takes, and what an auction would come to. */

import { decimalsOf, shown } from "./decimal.js";
import { byId, setText } from "./draw.js";
import { timeLeft } from "./words.js";

/** @import { ServerClock } from "./rest.js" */
/** @import { Auction, MarketRules, MarketStatus, StatusNews, Timestamp } from "./types.js" */

/** @type {Partial<Record<MarketStatus, [title: string, words: string]>>} */
const WORDS = {
  auction: ["Auction", "Orders are collected, and matched at the opening, all at one price."],
  halted: ["Halted", "Nothing trades. What rests stays, and may be canceled."],
  closed: ["Closed", "Nothing trades, and nothing rests."],
};
const TICK = 250;

export class MarketState {
  /** @type {Timestamp | null} */
  #endsAt = null;

  /** @param {MarketRules} rules @param {ServerClock} clock */
  constructor(rules, clock) {
    this.rules = rules;
    this.clock = clock;
    this.decimals = decimalsOf(rules.tick_size);
    this.panel = byId("state");
    setInterval(() => this.#tick(), TICK);
  }

  /** @param {StatusNews} news */
  draw({ status, auction }) {
    this.panel.hidden = status === "open";
    this.panel.dataset.status = status;
    const [title, words] = WORDS[status] ?? [status, ""];
    setText(byId("state-title"), title);
    setText(byId("state-words"), words);
    byId("auction").hidden = auction === null;
    if (auction !== null) this.#drawAuction(auction);
  }

  /** @param {Auction} auction */
  #drawAuction(auction) {
    const { base, quote } = this.rules;
    const { indicative_price: price, indicative_volume: volume, surplus, surplus_side: side } = auction;
    setText(byId("auction-price"), price === null ? "none: nothing would trade" : `${shown(price, this.decimals)} ${quote}`);
    setText(byId("auction-volume"), `${shown(volume)} ${base}`);
    const more = side === null ? "" : ` more to ${side}`;
    setText(byId("auction-surplus"), `${shown(surplus)} ${base}${more}`);
    this.#endsAt = auction.ends_at;
    this.#tick();
  }

  #tick() {
    if (byId("auction").hidden) return;
    const ends = this.#endsAt;
    setText(byId("auction-ends"), ends === null ? "when the operator says so" : `in ${timeLeft(this.clock.until(ends))}`);
  }
}
