/* What is over: the account's ended orders, each with what became of it, and its fills. */

import { shown } from "./decimal.js";
import { byId, Rows, rowOf, setText, setTime, sideClass, wordsRow } from "./draw.js";
import { ending } from "./words.js";

/** @import { PlacesOf } from "./account_panels.js" */
/** @import { Fill, Order } from "./types.js" */

export class Ended {
  /** @param {PlacesOf} decimals */
  constructor(decimals) {
    /** @type {Rows<Order>} */
    this.rows = new Rows(byId("ended"), byId("ended-nothing"), () => {
      const { row, cells } = rowOf("", "", "number", "number", "number dim");
      const words = wordsRow(cells.length);
      return {
        row,
        rows: () => [row, words.row],
        update(order) {
          const places = decimals(order.market);
          row.dataset.id = order.id;
          setText(cells[0], order.market);
          setText(cells[1], order.side);
          cells[1].className = sideClass(order.side);
          setText(cells[2], order.price === null ? "market" : shown(order.price, places.price));
          setText(cells[3], shown(order.quantity, places.quantity));
          setTime(cells[4], order.updated_at);
          setText(words.cell, ending(order));
        },
      };
    });
  }

  /** @param {Order[]} orders */
  draw(orders) {
    this.rows.draw(orders, (order) => order.id);
  }
}

export class Fills {
  /** @param {PlacesOf} decimals */
  constructor(decimals) {
    /** @type {Rows<Fill>} */
    this.rows = new Rows(byId("fills"), byId("fills-nothing"), () => {
      const { row, cells } = rowOf("", "", "number", "number", "number dim fee", "wide-only dim", "number dim");
      return {
        row,
        update(fill) {
          const places = decimals(fill.market);
          setText(cells[0], fill.market);
          setText(cells[1], fill.side);
          cells[1].className = sideClass(fill.side);
          setText(cells[2], shown(fill.price, places.price));
          setText(cells[3], shown(fill.quantity, places.quantity));
          setText(cells[4], `${shown(fill.fee)} ${fill.fee_asset}`);
          setText(cells[5], fill.liquidity);
          setTime(cells[6], fill.timestamp);
        },
      };
    });
  }

  /** @param {Fill[]} fills */
  draw(fills) {
    // An account that trades with itself has two fills of one trade.
    this.rows.draw(fills, (fill) => `${fill.id} ${fill.order_id}`);
  }
}

/** Panels of which one is seen, as tabs are: one stop for the Tab key, arrows between them. @param {HTMLElement} list */
export function connectTabs(list) {
  /** @type {HTMLElement[]} */
  const tabs = [...list.querySelectorAll('[role="tab"]')].filter((tab) => tab instanceof HTMLElement);
  const choose = (/** @type {HTMLElement} */ chosen) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls") ?? "").hidden = tab !== chosen;
    }
  };
  list.addEventListener("click", ({ target }) => {
    const tab = tabs.find((each) => target instanceof Node && each.contains(target));
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", ({ key }) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    const at = tabs.findIndex((tab) => tab === document.activeElement);
    if (!step || at < 0) return;
    const next = tabs[(at + step + tabs.length) % tabs.length];
    choose(next);
    next.focus();
  });
}
