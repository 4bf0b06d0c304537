/* The ladder: the page's own book around its middle, grouped as is wished, with the account's own orders.
 *
 * Rules:
 * - It draws a book that is in step. One that is not stays on the screen, grey, under a veil that
 *   says why: nobody shall trade on it unaware.
 * - A row's bar is its share of all that is in sight of both sides, added up from the best price.
 * - In an auction bids and asks may overlap; by how much is said in place of the spread.
 * - Pointing at a row, or focusing it, says what taking all up to it would come to.
 */

import { byId, element, oncePerFrame, setText } from "./draw.js";
import { compare, decimalsOf, divide, multiply, shown, subtract } from "./decimal.js";
import { groupBook, ownByGroup, stepsFor, takenUpTo } from "./grouping.js";
import { LadderSide } from "./ladder_side.js";

/** @import { BookFeed } from "./local_book.js" */
/** @import { Decimal, MarketRules, Side } from "./types.js" */

/** @typedef {{ side: Side, price: Decimal, quantity: Decimal }} OwnOrder */

const EXTRA_PLACES = 2; // of an average price, beyond the tick's

export class Ladder {
  /** @type {{ side: LadderSide, price: string, row: Element } | null} What is pointed at. */
  #pointed = null;
  /** @type {BookFeed | null} */
  #feed = null;
  /** @type {OwnOrder[]} */
  #own = [];
  #stepsMadeFor = "";

  /** @param {MarketRules} rules
   * @param {(price: string, byKeyboard: boolean) => void} pick is called with the price that was chosen */
  constructor(rules, pick) {
    this.rules = rules;
    this.places = { price: decimalsOf(rules.tick_size), quantity: decimalsOf(rules.lot_size) };
    this.root = byId("ladder");
    this.step = byId("ladder-step", HTMLSelectElement);
    this.tip = byId("ladder-sum");
    this.redraw = oncePerFrame(() => this.#draw());
    const hasOwn = this.root.classList.contains("with-own");
    this.asks = new LadderSide(byId("asks"), "sell", hasOwn, this.places, this.redraw);
    this.bids = new LadderSide(byId("bids"), "buy", hasOwn, this.places, this.redraw);
    this.#offerSteps(null);
    this.step.addEventListener("change", this.redraw);
    this.root.addEventListener("click", (event) => {
      const row = rowAt(event.target);
      if (row?.dataset.price) pick(row.dataset.price, event.detail === 0);
    });
    this.root.addEventListener("keydown", (event) => this.#walk(event));
    for (const kind of ["pointerover", "focusin"]) this.root.addEventListener(kind, ({ target }) => this.#point(target));
    for (const kind of ["pointerleave", "focusout"]) this.root.addEventListener(kind, () => this.#point(null));
  }

  /** @param {BookFeed} feed @param {OwnOrder[]} own the account's orders in this book */
  draw(feed, own) {
    this.#feed = feed;
    this.#own = own;
    this.#draw();
  }

  /** @param {Decimal | null} last @param {boolean | null} rose */
  drawLast(last, rose) {
    const node = byId("ladder-last");
    setText(node, last === null ? "–" : shown(last, this.places.price));
    node.classList.toggle("bid", rose === true);
    node.classList.toggle("ask", rose === false);
    if (last !== null) this.#offerSteps(last);
  }

  #draw() {
    if (!this.#feed?.inStep) return;
    const { book } = this.#feed;
    const [bids, asks] = [book.bids(), book.asks()];
    const groups = groupBook(bids, asks, this.step.value);
    const own = ownByGroup(this.#own, this.step.value);
    const [most, other] = [this.bids.mostInSight(groups.bids), this.asks.mostInSight(groups.asks)];
    for (const [side, grouped] of /** @type {const} */ ([[this.asks, groups.asks], [this.bids, groups.bids]])) {
      side.draw(grouped, most > other ? most : other, own, this.#pointed?.side === side ? side.rankOf(this.#pointed.row) : -1);
    }
    this.#drawSum();
    this.#drawSpread(bids[0]?.[0], asks[0]?.[0]);
    this.root.dataset.sequence = String(book.sequence);
    this.root.dataset.checksum = String(book.checksum);
  }

  /** @param {Decimal | undefined} bid @param {Decimal | undefined} ask */
  #drawSpread(bid, ask) {
    const known = bid !== undefined && ask !== undefined;
    const overlaps = known && compare(bid, ask) >= 0;
    setText(byId("ladder-spread-word"), overlaps ? "Overlap" : "Spread");
    const apart = known ? (overlaps ? subtract(bid, ask) : subtract(ask, bid)) : null;
    setText(byId("ladder-spread"), apart === null ? "–" : shown(apart, this.places.price));
    const percent = apart === null || !ask ? "" : `${divide(multiply(apart, "100"), ask, 3)} %`;
    setText(byId("ladder-spread-ratio"), percent);
  }

  /** The steps that fit the price; what was chosen stays while it is among them. @param {Decimal | null} price */
  #offerSteps(price) {
    const steps = stepsFor(this.rules.tick_size, price);
    if (steps.join() === this.#stepsMadeFor) return;
    this.#stepsMadeFor = steps.join();
    const chosen = this.step.value;
    this.step.replaceChildren(...steps.map((step) => {
      const option = element("option", "", shown(step));
      option.value = step;
      return option;
    }));
    this.step.value = steps.includes(chosen) ? chosen : steps[0];
    this.redraw();
  }

  /** @param {EventTarget | null} target */
  #point(target) {
    const row = rowAt(target);
    const price = row?.dataset.price;
    const side = row && [this.asks, this.bids].find((each) => each.rankOf(row) >= 0);
    const pointed = row && price && side ? { side, price, row } : null;
    if (pointed?.row === this.#pointed?.row) return;
    this.#pointed?.row.querySelector("button")?.removeAttribute("aria-describedby");
    this.#pointed = pointed;
    if (document.activeElement === row?.querySelector("button")) document.activeElement?.setAttribute("aria-describedby", this.tip.id);
    this.redraw();
  }

  #drawSum() {
    const pointed = this.#pointed;
    const row = pointed && rowAt(pointed.row);
    const price = row && !row.hidden ? row.dataset.price : undefined;
    const book = this.#feed?.book;
    const [levels, side] = pointed?.side === this.bids ? [book?.bids(), /** @type {const} */ ("buy")] : [book?.asks(), /** @type {const} */ ("sell")];
    const taken = price && levels ? takenUpTo(levels, side, price, this.places.price + EXTRA_PLACES) : null;
    this.tip.hidden = taken === null;
    if (!taken || !row || !price) return;
    setText(byId("ladder-sum-price"), shown(price, this.places.price));
    setText(byId("ladder-sum-average"), shown(taken.average, this.places.price));
    setText(byId("ladder-sum-quantity"), shown(taken.quantity));
    setText(byId("ladder-sum-amount"), shown(taken.amount));
    this.#placeTip(row);
  }

  /** Beside the row, where there is room. @param {HTMLElement} row */
  #placeTip(row) {
    const { left, right, top } = row.getBoundingClientRect();
    const { width, height } = this.tip.getBoundingClientRect();
    const x = left > width + 8 ? left - width - 8 : Math.min(right + 8, innerWidth - width - 4);
    this.tip.style.left = `${Math.max(4, x)}px`;
    this.tip.style.top = `${Math.max(4, Math.min(top, innerHeight - height - 4))}px`;
  }

  /** The arrow keys go from price to price, over the middle, too. @param {KeyboardEvent} event */
  #walk(event) {
    const down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const side = [this.asks, this.bids].find((each) => each.rankOf(event.target) >= 0);
    if (!down || !side) return;
    event.preventDefault();
    const rank = side.rankOf(event.target) + (side === this.bids ? down : -down);
    const drawNow = () => this.#draw();
    if (rank >= 0) side.focus(rank, drawNow);
    else (side === this.bids ? this.asks : this.bids).focus(0, drawNow);
  }
}

/** The row of the ladder that this is in. @param {EventTarget | null} target @returns {HTMLElement | null} */
const rowAt = (target) => (target instanceof Element ? target.closest(".level") : null);
