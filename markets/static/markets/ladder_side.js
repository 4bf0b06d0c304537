/* LadderSide: one side of the ladder, a list that scrolls and has rows for what is in sight alone.
 *
 * Rules:
 * - A row is of one rank, best first, and is drawn where it belongs. While its rank stays in sight it keeps
 *   its element; of that, what did not change is not touched.
 * - Sizes are read when they change, never while drawing: a frame causes no layout in between.
 * - One row is a stop for the Tab key.
 */

import { button, element, find } from "./draw.js";
import { shown } from "./decimal.js";
import { share } from "./grouping.js";

/** @import { Grouped } from "./grouping.js" */
/** @import { Side } from "./types.js" */

/** @typedef {{ price: number, quantity: number }} Places */
/** @typedef {{ price: string, quantity: string, total: string, width: number, own: string, inSum: boolean, sumEnds: boolean }} View */

const BEYOND = 2; // rows drawn on either end of what is in sight

class Level {
  /** @type {Partial<View>} */
  #view = {};
  #rank = -1;

  /** @param {HTMLElement} list @param {Side} side @param {boolean} hasOwn whether there is a column of own orders */
  constructor(list, side, hasOwn) {
    this.side = side;
    this.row = list.appendChild(element("div", "level"));
    this.row.setAttribute("role", "listitem");
    this.row.setAttribute("aria-setsize", "-1");
    this.bar = this.row.appendChild(element("span", "bar"));
    this.price = this.row.appendChild(button(`price ${side === "buy" ? "bid" : "ask"}`, ""));
    this.price.tabIndex = -1;
    this.own = hasOwn ? this.row.appendChild(element("span", "own")) : null;
    this.quantity = this.row.appendChild(element("span", "quantity"));
    this.total = this.row.appendChild(element("span", "total"));
  }

  /** @param {number} rank @param {View} view @param {Places} places */
  draw(rank, view, places) {
    const old = this.#view;
    if (rank !== this.#rank) this.#place(rank);
    if (view.price !== old.price) {
      this.row.dataset.price = view.price;
      this.price.textContent = shown(view.price, places.price);
    }
    if (view.quantity !== old.quantity) this.quantity.textContent = shown(view.quantity, places.quantity);
    if (view.total !== old.total) this.total.textContent = shown(view.total, places.quantity);
    if (view.width !== old.width) this.bar.style.transform = `scaleX(${view.width})`;
    if (view.own !== old.own) this.#drawOwn(view.own);
    if (view.inSum !== old.inSum) this.row.classList.toggle("in-sum", view.inSum);
    if (view.sumEnds !== old.sumEnds) this.row.classList.toggle("sum-end", view.sumEnds);
    this.#view = view;
    this.show(true);
  }

  /** @param {boolean} wanted */
  show(wanted) {
    if (this.row.hidden === wanted) this.row.hidden = !wanted;
  }

  /** @param {boolean} wanted whether the Tab key stops here */
  stop(wanted) {
    const index = wanted ? 0 : -1;
    if (this.price.tabIndex !== index) this.price.tabIndex = index;
  }

  /** @param {number} rank */
  #place(rank) {
    this.#rank = rank;
    const distance = this.side === "buy" ? rank : -rank;
    this.row.style.transform = `translateY(calc(${distance} * var(--row)))`;
    this.row.setAttribute("aria-posinset", String(rank + 1));
  }

  /** @param {string} quantity of the owner's orders here; "" for none */
  #drawOwn(quantity) {
    this.row.classList.toggle("is-own", quantity !== "");
    if (!this.own) return;
    this.own.textContent = quantity && shown(quantity);
    this.own.title = quantity && `Your orders here: ${shown(quantity)}`;
  }
}

export class LadderSide {
  /** @type {Level[]} */
  #pool = [];
  #row = 20;
  #height = 0;
  #scrolled = 0;
  #count = 0;
  #stop = 0;

  /** @param {HTMLElement} root that scrolls @param {Side} side @param {boolean} hasOwn @param {Places} places
   * @param {() => void} redraw asks for a frame */
  constructor(root, side, hasOwn, places, redraw) {
    this.root = root;
    this.side = side;
    this.hasOwn = hasOwn;
    this.places = places;
    this.list = find(root, ".levels");
    new ResizeObserver(() => {
      this.#measure();
      redraw();
    }).observe(root);
    root.addEventListener("scroll", () => {
      this.#scrolled = Math.abs(root.scrollTop);
      redraw();
    }, { passive: true });
    this.#measure();
  }

  /** The ranks in sight: from the first to before the last. */
  get #range() {
    const first = Math.max(0, Math.floor(this.#scrolled / this.#row) - BEYOND);
    const last = Math.min(this.#count, Math.ceil((this.#scrolled + this.#height) / this.#row) + BEYOND);
    return { first: Math.min(first, Math.max(0, last - 1)), last };
  }

  /** The total up to the last that is in sight. @param {Grouped} groups */
  mostInSight(groups) {
    const last = Math.ceil((this.#scrolled + this.#height) / this.#row);
    return groups.totalUnits(Math.max(0, last - 1));
  }

  /** @param {Grouped} groups @param {bigint} most what a whole bar stands for @param {Map<string, string>} own by group
   * @param {number} sumTo the rank up to which a sum is shown; -1: none */
  draw(groups, most, own, sumTo) {
    if (groups.count !== this.#count) {
      this.#count = groups.count;
      this.list.style.height = `calc(${this.#count} * var(--row))`;
    }
    const { first, last } = this.#range;
    while (this.#pool.length < last - first) this.#grow();
    const size = this.#pool.length;
    for (let rank = first; rank < last; rank += 1) {
      const { price, quantity, total } = groups.level(rank);
      const width = share(groups.totalUnits(rank), most);
      const mine = own.get(`${this.side}:${price}`) ?? "";
      const view = { price, quantity, total, width, own: mine, inSum: rank <= sumTo, sumEnds: rank === sumTo };
      this.#pool[rank % size].draw(rank, view, this.places);
    }
    this.#hideBut(first, last);
    this.#setStop(first, last);
  }

  /** The rank of the row that this is in; -1: none. @param {EventTarget | null} node */
  rankOf(node) {
    const row = node instanceof Element ? node.closest(".level") : null;
    return row instanceof HTMLElement && this.list.contains(row) ? Number(row.getAttribute("aria-posinset")) - 1 : -1;
  }

  /** Bring a rank into sight and its price into focus; returns whether there is such a rank.
   * @param {number} rank @param {() => void} drawNow */
  focus(rank, drawNow) {
    if (rank < 0 || rank >= this.#count) return false;
    const sign = this.side === "buy" ? 1 : -1;
    const top = rank * this.#row;
    if (top < this.#scrolled) this.root.scrollTop = sign * top;
    if (top + this.#row > this.#scrolled + this.#height) this.root.scrollTop = sign * (top + this.#row - this.#height);
    this.#scrolled = Math.abs(this.root.scrollTop);
    this.#stop = rank;
    drawNow();
    this.#pool[rank % this.#pool.length].price.focus({ preventScroll: true });
    return true;
  }

  #measure() {
    this.#height = this.root.clientHeight;
    this.#row = parseFloat(getComputedStyle(this.root).getPropertyValue("--row")) || this.#row;
    this.#scrolled = Math.abs(this.root.scrollTop);
  }

  /** More rows: where a rank's row is depends on how many there are, so all are placed anew. */
  #grow() {
    this.#pool.push(new Level(this.list, this.side, this.hasOwn));
  }

  /** @param {number} first @param {number} last */
  #hideBut(first, last) {
    const size = this.#pool.length;
    const used = last - first;
    for (let at = 0; at < size; at += 1) {
      const wanted = (at - (first % size) + size) % size < used;
      const level = this.#pool[at];
      if (!wanted && level.row.contains(document.activeElement) && used > 0) {
        this.#pool[(last - 1) % size].price.focus({ preventScroll: true });
      }
      if (!wanted) level.show(false);
    }
  }

  /** @param {number} first @param {number} last */
  #setStop(first, last) {
    const stop = this.#stop >= first && this.#stop < last ? this.#stop : first;
    for (let rank = first; rank < last; rank += 1) this.#pool[rank % this.#pool.length].stop(rank === stop);
  }
}
