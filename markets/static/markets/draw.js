/* Drawing: at most once a frame, and only what changed.
 *
 * Rules:
 * - Texts go in as text, never as markup.
 * - A row that stays keeps its element, so that focus, selection and scroll position stay, too; one whose
 *   item is the very same object is not even looked at.
 */

/** @import { Side, Timestamp } from "./types.js" */
/** @import { Kind as Colour } from "./words.js" */

/** The page's element of this id, which must be there, and of this kind.
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id @param {new () => Kind} [kind] @returns {Kind} */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`the page has no ${id}`);
  return /** @type {Kind} */ (found);
}

/** The first that matches, which must be there.
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {ParentNode} parent @param {string} selector @param {new () => Kind} [kind] @returns {Kind} */
export function find(parent, selector, kind) {
  const found = parent.querySelector(selector);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`there is no ${selector}`);
  return /** @type {Kind} */ (/** @type {unknown} */ (found));
}

/** A function that asks for `draw` at the next frame, however often it is called before. @param {() => void} draw */
export function oncePerFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

/** @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show a text in a note, good, bad or neither; hide it when there is none.
 * @param {HTMLElement} node @param {string} text @param {Colour} kind */
export function note(node, text, kind = "") {
  setText(node, text);
  node.hidden = text === "";
  node.classList.toggle("good", kind === "good");
  node.classList.toggle("bad", kind === "bad");
}

/** @template {keyof HTMLElementTagNameMap} Tag @param {Tag} tag @param {string} className @param {string} text */
export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** @param {string} className @param {string} text @param {string} [label] what is said of it, where the text says too little */
export function button(className, text, label) {
  const made = element("button", className, text);
  made.type = "button";
  if (label !== undefined) made.setAttribute("aria-label", label);
  return made;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** "14:03:59" of the reader's own time zone, with the day if it is another; the whole moment is the title.
 * @param {HTMLElement} cell @param {Timestamp} timestamp */
export function setTime(cell, timestamp) {
  const moment = new Date(timestamp);
  const isToday = moment.toDateString() === new Date().toDateString();
  setText(cell, `${isToday ? "" : `${DAY.format(moment)} `}${CLOCK.format(moment)}`);
  if (cell.title !== timestamp) cell.title = timestamp;
}

/** One item's row or rows. `rows` are those that belong into the table now, where it is not `row` alone;
 *  before they go, `left` is called.
 * @template Item
 * @typedef {{ row: HTMLElement, update: (item: Item) => void, rows?: () => HTMLElement[], left?: () => void }} Entry */

/** A table's body whose rows follow a list. @template Item */
export class Rows {
  /** @type {Map<string, { entry: Entry<Item>, item: Item | null }>} */
  #shown = new Map();
  #day = "";

  /** @param {HTMLElement} body @param {HTMLElement} nothing what is said of an empty list @param {() => Entry<Item>} make */
  constructor(body, nothing, make) {
    this.body = body;
    this.nothing = nothing;
    this.make = make;
  }

  /** @param {Item[]} items @param {(item: Item) => string} keyOf */
  draw(items, keyOf) {
    this.#leave(new Set(items.map(keyOf)));
    this.#turnTheDay();
    let next = this.body.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      const shown = this.#shown.get(key) ?? { entry: this.make(), item: null };
      this.#shown.set(key, shown);
      if (shown.item !== item) shown.entry.update(item);
      shown.item = item;
      for (const row of rowsOf(shown.entry)) {
        if (row === next) next = next.nextElementSibling;
        else this.body.insertBefore(row, next);
      }
    }
    this.nothing.hidden = items.length > 0;
  }

  /** @param {Set<string>} wanted */
  #leave(wanted) {
    for (const [key, { entry }] of this.#shown) {
      if (wanted.has(key)) continue;
      entry.left?.();
      for (const row of rowsOf(entry)) row.remove();
      this.#shown.delete(key);
    }
  }

  /** What was of today has a date tomorrow. */
  #turnTheDay() {
    const day = new Date().toDateString();
    if (day === this.#day) return;
    this.#day = day;
    for (const shown of this.#shown.values()) shown.item = null;
  }
}

/** @template Item @param {Entry<Item>} entry */
const rowsOf = (entry) => entry.rows?.() ?? [entry.row];

/** A table row of cells with these classes. @param {string[]} classNames */
export function rowOf(...classNames) {
  const row = element("tr");
  const cells = classNames.map((className) => row.appendChild(element("td", className)));
  return { row, cells };
}

/** A row under a row, for words. @param {number} columns */
export function wordsRow(columns) {
  const { row, cells } = rowOf("");
  row.className = "words-row";
  cells[0].colSpan = columns;
  return { row, cell: cells[0] };
}

/** @param {Side} side */
export const sideClass = (side) => (side === "buy" ? "bid" : "ask");
