/* What is over: the account's ended orders, each with what became of it, and its fills. */

import { shown } from "./decimal.js";
import { byId, Rows, rowOf, setText, setTime, sideClass, wordsRow } from "./draw.js";
import { ending } from "./words.js";

export class Ended {
  constructor(decimals) {
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

  draw(orders) {
    this.rows.draw(orders, (order) => order.id);
  }
}

export class Fills {
  constructor(decimals) {
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

  draw(fills) {
    // An account that trades with itself has two fills of one trade.
    this.rows.draw(fills, (fill) => `${fill.id} ${fill.order_id}`);
  }
}

/** Two panels of which one is seen, as tabs are: one stop for the Tab key, arrows between them. */
export function connectTabs(list) {
  const tabs = [...list.querySelectorAll('[role="tab"]')];
  const choose = (chosen) => {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
    }
  };
  list.addEventListener("click", ({ target }) => tabs.includes(target) && choose(target));
  list.addEventListener("keydown", ({ key }) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    const at = tabs.indexOf(document.activeElement);
    if (!step || at < 0) return;
    const next = tabs.at((at + step) % tabs.length);
    choose(next);
    next.focus();
  });
}
