/* What everybody sees beside the ladder: the ticker, the market switcher, the tape of trades. */

import { byId, Rows, rowOf, setText, setTime } from "./draw.js";
import { compare, cut, decimalsOf, divide, multiply, shown } from "./decimal.js";

/** A change as "+1.20 %", of the price it started from; "–" where there was no trade. */
function percent({ change, open }) {
  if (change === null || open === null || compare(open, "0") <= 0) return "–";
  const hundredths = divide(multiply(change, "10000"), open, 0);
  return `${signOf(change) > 0 ? "+" : ""}${shown(divide(hundredths, "100", 2), 2)} %`;
}

const signOf = (change) => (change === null ? 0 : compare(change, "0"));

function colour(node, sign) {
  node.classList.toggle("bid", sign > 0);
  node.classList.toggle("ask", sign < 0);
}

export class Ticker {
  constructor(rules) {
    this.rules = rules;
    this.decimals = decimalsOf(rules.tick_size);
  }

  draw(tickers) {
    const ticker = tickers.get(this.rules.symbol);
    if (ticker) this.#drawOwn(ticker);
    for (const [symbol, each] of tickers) {
      const last = document.querySelector(`[data-last-of="${symbol}"]`);
      const change = document.querySelector(`[data-change-of="${symbol}"]`);
      if (!last || !change) continue;
      setText(last, each.last === null ? "–" : shown(each.last));
      setText(change, percent(each));
      colour(change, signOf(each.change));
    }
  }

  #drawOwn(ticker) {
    const price = (value) => (value === null ? "–" : shown(value, this.decimals));
    setText(byId("ticker-last"), price(ticker.last));
    const change = byId("ticker-change");
    const sign = signOf(ticker.change);
    setText(change, sign === null || ticker.change === null ? "–" : `${sign > 0 ? "+" : ""}${price(ticker.change)}  ${percent(ticker)}`);
    colour(change, sign);
    setText(byId("ticker-high"), price(ticker.high));
    setText(byId("ticker-low"), price(ticker.low));
    setText(byId("ticker-volume"), shown(cut(ticker.volume, 4)));
    setText(byId("ticker-turnover"), shown(cut(ticker.quote_volume, 0)));
    document.title = `${ticker.last === null ? "" : `${price(ticker.last)} · `}${this.rules.symbol} · Exchange`;
  }

  drawStatuses(statuses) {
    for (const [symbol, { status }] of statuses) {
      for (const node of document.querySelectorAll(`[data-status-of="${symbol}"]`)) {
        setText(node, status);
        node.className = `status ${status}`;
      }
    }
  }
}

/** The switcher closes as a menu does: by Escape, and by a click elsewhere. */
export function closeLikeAMenu(details) {
  document.addEventListener("click", ({ target }) => {
    if (!details.contains(target)) details.open = false;
  });
  details.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary").focus();
  });
}

export class Tape {
  constructor(rules) {
    const decimals = { price: decimalsOf(rules.tick_size), quantity: decimalsOf(rules.lot_size) };
    this.rows = new Rows(byId("tape"), byId("tape-nothing"), () => {
      const { row, cells } = rowOf("price", "number", "number dim");
      return {
        row,
        update(trade) {
          const side = trade.taker_side === "buy" ? "bid" : "ask";
          cells[0].className = `price ${side}`;
          cells[0].title = trade.taker_side === "buy" ? "A buyer took it" : "A seller took it";
          setText(cells[0], shown(trade.price, decimals.price));
          setText(cells[1], shown(trade.quantity, decimals.quantity));
          setTime(cells[2], trade.timestamp);
        },
      };
    });
  }

  draw(trades) {
    this.rows.draw(trades, (trade) => trade.id);
  }
}
