/* The ladder: the best levels of the page's own book, and the mark that says whether it is true.
 *
 * Rules:
 * - It draws a book that is in step. One that is not stays on the screen, grey, under a veil that
 *   says why: nobody shall trade on it unaware.
 * - The mark shows the sequence and checksum that were verified, never those merely received.
 * - A row's bar is its share of all that is shown of both sides, added up from the best price.
 * - In an auction bids and asks may overlap; by how much is said in place of the spread.
 */

import { byId, element, setText } from "./draw.js";
import { add, compare, decimalsOf, ratio, shown, subtract } from "./decimal.js";

const LEVELS = 20;

class Level {
  #price = null;
  #quantity = null;
  #total = null;
  #width = null;
  #own = false;

  constructor(parent, side) {
    this.row = parent.appendChild(element("div", "level"));
    this.row.setAttribute("role", "listitem");
    this.bar = this.row.appendChild(element("span", "bar"));
    this.price = this.row.appendChild(element("button", `price ${side}`));
    this.price.type = "button";
    this.price.tabIndex = -1;
    this.quantity = this.row.appendChild(element("span", "quantity"));
    this.total = this.row.appendChild(element("span", "total"));
  }

  draw(level, isOwn, decimals) {
    const { price = "", quantity = "", total = "", width = 0 } = level ?? {};
    if (price !== this.#price) {
      this.#price = price;
      this.row.dataset.price = price;
      this.price.textContent = price && shown(price, decimals.price);
      this.price.disabled = !price;
    }
    if (quantity !== this.#quantity) {
      this.#quantity = quantity;
      this.quantity.textContent = quantity && shown(quantity, decimals.quantity);
    }
    if (total !== this.#total) {
      this.#total = total;
      this.total.textContent = total && shown(total, decimals.quantity);
    }
    if (width !== this.#width) {
      this.#width = width;
      this.bar.style.transform = `scaleX(${width})`;
    }
    if (isOwn !== this.#own) {
      this.#own = isOwn;
      this.row.classList.toggle("own", isOwn);
      this.price.title = isOwn ? "You have an order here" : "";
    }
  }
}

export class Ladder {
  #wasInStep = false;
  #everInStep = false;

  /** `pick` is called with the price of a level that was chosen. */
  constructor(rules, pick) {
    this.rules = rules;
    this.decimals = { price: decimalsOf(rules.tick_size), quantity: decimalsOf(rules.lot_size) };
    this.root = byId("ladder");
    this.asks = Array.from({ length: LEVELS }, () => new Level(byId("asks"), "ask")).reverse();
    this.bids = Array.from({ length: LEVELS }, () => new Level(byId("bids"), "bid"));
    this.prices = [...this.asks].reverse().concat(this.bids).map((level) => level.price);
    this.bids[0].price.tabIndex = 0;
    this.root.addEventListener("click", ({ target }) => {
      const price = target.closest(".level")?.dataset.price;
      if (price) pick(price);
    });
    this.root.addEventListener("keydown", (event) => this.#walk(event));
  }

  /** `own` holds "buy:PRICE" and "sell:PRICE" of the account's open orders. */
  draw(feed, own) {
    this.#drawMark(feed);
    if (!feed.inStep) return;
    const { book } = feed;
    const bids = withTotals(book.bids(LEVELS));
    const asks = withTotals(book.asks(LEVELS));
    const most = [bids, asks].map((side) => side.at(-1)?.total ?? "0").reduce((a, b) => (compare(a, b) < 0 ? b : a));
    for (const side of [bids, asks]) for (const level of side) level.width = ratio(level.total, most);
    this.asks.forEach((row, at) => row.draw(asks[at], own.has(`sell:${asks[at]?.price}`), this.decimals));
    this.bids.forEach((row, at) => row.draw(bids[at], own.has(`buy:${bids[at]?.price}`), this.decimals));
    this.#drawSpread(bids[0]?.price, asks[0]?.price);
    setText(byId("ladder-size"), `${book.size.bids} bid and ${book.size.asks} ask levels`);
    this.root.dataset.sequence = book.sequence;
    this.root.dataset.checksum = book.checksum;
  }

  #drawSpread(bid, ask) {
    const known = bid !== undefined && ask !== undefined;
    const overlaps = known && compare(bid, ask) >= 0;
    setText(byId("ladder-spread-word"), overlaps ? "Overlap" : "Spread");
    const apart = known ? (overlaps ? subtract(bid, ask) : subtract(ask, bid)) : null;
    setText(byId("ladder-spread"), apart === null ? "–" : shown(apart, this.decimals.price));
  }

  drawLast(last, rose) {
    const node = byId("ladder-last");
    setText(node, last === null ? "–" : shown(last, this.decimals.price));
    node.classList.toggle("bid", rose === true);
    node.classList.toggle("ask", rose === false);
  }

  #drawMark({ inStep, state, reason, book }) {
    this.#everInStep ||= inStep;
    const step = inStep ? "in" : this.#everInStep ? "out" : "connecting";
    const words = { in: "in step", out: "out of step", connecting: "connecting" }[step];
    byId("mark").dataset.step = this.root.dataset.step = step;
    setText(byId("mark-word"), words);
    if (inStep) {
      setText(byId("mark-sequence"), `#${book.sequence}`);
      setText(byId("mark-checksum"), book.checksum.toString(16).padStart(8, "0"));
    }
    const veil = byId("ladder-veil");
    veil.hidden = inStep;
    if (!inStep) setText(veil, `${step === "out" ? "Out of step" : "Connecting"}: ${reason}. ${state === "waiting" ? "Asking for a fresh book…" : "Connecting again…"}`);
    if (inStep !== this.#wasInStep) {
      this.#wasInStep = inStep;
      setText(byId("mark-said"), inStep ? "The order book is in step." : "The order book is out of step.");
    }
  }

  /** One stop for the Tab key; the arrow keys go from price to price. */
  #walk(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const at = this.prices.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = this.prices[at + step];
    if (!next || next.disabled) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

function withTotals(levels) {
  let total = "0";
  return levels.map(([price, quantity]) => {
    total = add(total, quantity);
    return { price, quantity, total };
  });
}
