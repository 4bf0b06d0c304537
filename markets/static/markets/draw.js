/* Drawing: at most once a frame, and only what changed.
 *
 * Rules:
 * - Texts go in as text, never as markup.
 * - A row that stays keeps its element, so that focus, selection and scroll position stay, too.
 */

export const byId = (id) => document.getElementById(id);

/** A function that asks for `draw` at the next frame, however often it is called before. */
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

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show a text in a note, good, bad or neither; hide it when there is none. */
export function note(node, text, kind = "") {
  setText(node, text);
  node.hidden = text === "";
  node.classList.toggle("good", kind === "good");
  node.classList.toggle("bad", kind === "bad");
}

export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** "14:03:59" of the reader's own time zone, with the day if it is another; the whole moment is the title. */
export function setTime(cell, timestamp) {
  const moment = new Date(timestamp);
  const isToday = moment.toDateString() === new Date().toDateString();
  const day = isToday ? "" : `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} `;
  setText(cell, day + moment.toLocaleTimeString("en-GB"));
  if (cell.title !== timestamp) cell.title = timestamp;
}

/** A table's body whose rows follow a list: `make()` returns {row, update(item)}. An entry of several rows
 *  has `rows()`, too: those that belong into the table now. Before they go, `left()` is called. */
export class Rows {
  #shown = new Map();

  constructor(body, nothing, make) {
    this.body = body;
    this.nothing = nothing;
    this.make = make;
  }

  draw(items, keyOf) {
    const wanted = new Set(items.map(keyOf));
    for (const [key, entry] of this.#shown) {
      if (wanted.has(key)) continue;
      entry.left?.();
      for (const row of rowsOf(entry)) row.remove();
      this.#shown.delete(key);
    }
    let next = this.body.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      const entry = this.#shown.get(key) ?? this.make();
      this.#shown.set(key, entry);
      entry.update(item);
      for (const row of rowsOf(entry)) {
        if (row === next) next = next.nextElementSibling;
        else this.body.insertBefore(row, next);
      }
    }
    this.nothing.hidden = items.length > 0;
  }
}

const rowsOf = (entry) => entry.rows?.() ?? [entry.row];

/** A table row of cells with these classes. */
export function rowOf(...classNames) {
  const row = element("tr");
  const cells = classNames.map((className) => row.appendChild(element("td", className)));
  return { row, cells };
}

/** A row under a row, for words. */
export function wordsRow(columns) {
  const { row, cells } = rowOf("");
  row.className = "words-row";
  cells[0].colSpan = columns;
  return { row, cell: cells[0] };
}

export const sideClass = (side) => (side === "buy" ? "bid" : "ask");
