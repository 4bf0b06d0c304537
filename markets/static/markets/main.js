/* A market's page: the feeds, the panels that draw them, and nothing between but "draw this again". */

import { Balances, connectFaucet, decimalsByMarket } from "./account_panels.js";
import { ChartPanel } from "./chart.js";
import { byId, oncePerFrame } from "./draw.js";
import { compare, decimalsOf } from "./decimal.js";
import { MarketFeed } from "./feed.js";
import { Fees } from "./fees.js";
import { FillNews, pieceWords } from "./fill_news.js";
import { FirstSteps } from "./first_steps.js";
import { OrderForm } from "./form.js";
import { connectTabs, Ended, Fills } from "./history.js";
import { Ladder } from "./ladder.js";
import { Mark } from "./mark.js";
import { Tape, Ticker } from "./market_panels.js";
import { MarketState } from "./market_state.js";
import { OpenOrders } from "./open_orders.js";
import { ServerClock } from "./rest.js";
import { Safety } from "./safety.js";
import { closeLikeAMenu, connectSwitcher } from "./switcher.js";
import { Toasts } from "./toasts.js";
import { Trading } from "./trading.js";
import { connectViews, show } from "./views.js";
import { worthIn } from "./worth.js";

/** @import { Fill, MarketRules, Order, PageData, Trade } from "./types.js" */

const PLACES_OF_WORTH = 2; // at least, where the quote asset has them

/** @type {PageData} */
const { symbol, markets, has_account: hasAccount } = JSON.parse(byId("page").textContent ?? "");
const rules = /** @type {MarketRules} */ (markets.find((market) => market.symbol === symbol));

/** @type {Trading | null} */
let trading = null;
/** @type {OrderForm | null} */
let form = null;
let drawBalances = () => {};

const clock = new ServerClock();
clock.set().catch(() => {}); // the reader's own clock will do meanwhile
const ladder = new Ladder(rules, pick);
const ticker = new Ticker(rules);
const tape = new Tape(rules);
const state = new MarketState(rules, clock);
connectSwitcher();
closeLikeAMenu(byId("mark", HTMLDetailsElement));
connectViews((side) => form?.setSide(side));

const draw = {
  book: oncePerFrame(() => {
    mark.draw();
    ladder.draw(feed.feed, ownOrders());
    chart.drawDepth();
    form?.drawSums();
  }),
  trades: oncePerFrame(() => {
    tape.draw(feed.trades);
    ladder.drawLast(...lastAndWhether(feed.trades));
    form?.drawSums();
  }),
  ticker: oncePerFrame(() => {
    ticker.draw(feed.tickers);
    drawBalances();
  }),
  status: oncePerFrame(() => {
    ticker.drawStatuses(feed.statuses);
    state.draw(feed);
    form?.drawStatus();
  }),
};
const feed = new MarketFeed(symbol, markets, (what) => draw[what]());
const mark = new Mark(feed, clock);
const chart = new ChartPanel(rules, feed, clock);
draw.status();

if (hasAccount) startTrading();

function startTrading() {
  /** @type {Partial<Record<Parameters<import("./trading.js").Changed>[0], (news: any[]) => void>>} */
  const drawAccount = {};
  const own = new Trading((what, news) => drawAccount[what]?.(news));
  trading = own;
  const fees = new Fees(markets, () => form?.drawSums());
  const orderForm = new OrderForm(rules, own, clock, () => feed, () => fees.of(symbol));
  form = orderForm;
  const decimals = decimalsByMarket(markets);
  const orders = new OpenOrders(symbol, decimals, own);
  const ended = new Ended(decimals);
  const fills = new Fills(decimals);
  const balances = new Balances();
  const safety = new Safety(own, clock);
  const faucet = document.getElementById("faucet");
  const steps = new FirstSteps(own, () => faucet?.click(), goToOrder);
  const tellFills = fillTeller();
  const drawFills = oncePerFrame(() => {
    fills.draw(own.fills);
    chart.setOwn(own.orders.values(), own.fills);
  });
  const drawEnded = oncePerFrame(() => ended.draw(own.ended.all()));
  const places = Math.min(rules.quote_decimals, Math.max(PLACES_OF_WORTH, decimalsOf(rules.tick_size)));
  drawBalances = oncePerFrame(() =>
    balances.draw(own.balances, worthIn(own.balances.values(), markets, feed.tickers, rules.quote, places)),
  );
  const drawOrders = oncePerFrame(() => {
    orders.draw();
    chart.setOwn(own.orders.values(), own.fills);
  });
  const drawSums = oncePerFrame(() => orderForm.drawSums());
  const drawLink = oncePerFrame(() => {
    mark.drawLink(own);
    orderForm.drawLink();
    safety.drawLink();
    if (own.link === "ready") fees.ask();
  });
  Object.assign(drawAccount, {
    orders: () => {
      drawOrders();
      draw.book();
    },
    ended: (/** @type {Order[]} */ news) => {
      safety.notice(news);
      drawEnded();
      steps.hear("ended");
    },
    fills: (/** @type {Fill[]} */ news) => {
      fees.notice(news);
      tellFills(news);
      drawFills();
    },
    balances: () => {
      drawBalances();
      drawSums();
      steps.hear("balances");
    },
    link: () => {
      drawLink();
      drawOrders();
    },
  });
  drawLink();
  connectTabs(byId("account-tabs"));
  if (faucet instanceof HTMLButtonElement) connectFaucet(faucet, byId("faucet-note"));
}

/** A price of the ladder was chosen. @param {string} price @param {boolean} byKeyboard */
function pick(price, byKeyboard) {
  if (!form) return;
  form.setPrice(price);
  show("trade");
  if (byKeyboard) byId("quantity").focus();
}

function goToOrder() {
  show("book");
  const best = byId("ladder").querySelector('.level:not([hidden]) button[tabindex="0"]');
  if (best instanceof HTMLElement) best.focus();
  else byId("price").focus();
}

/** What tells of fills that came while the page is open. @returns {(fills: Fill[]) => void} */
function fillTeller() {
  const news = new FillNews();
  let more = 0; // orders, since nothing of that kind was on the page
  const toasts = new Toasts((key) => {
    if (key === "more") more = 0;
    news.end(key);
  });
  return (fills) => {
    const told = news.take(fills);
    for (const piece of told.pieces) {
      const { market, liquidity, side } = piece.fill;
      toasts.show({ key: piece.key, text: pieceWords(piece), detail: `${market}, ${liquidity}`, className: side });
    }
    more += told.more;
    if (told.more) toasts.show({ key: "more", text: `Fills of ${more} more orders`, detail: "All are among your fills." });
  };
}

/** The account's orders in this market's book. */
function ownOrders() {
  const own = [];
  for (const { market, status, side, price, remaining_quantity: quantity } of trading?.orders.values() ?? []) {
    if (market === symbol && status !== "untriggered" && price !== null) own.push({ side, price, quantity });
  }
  return own;
}

/** The last trade's price, and whether it was above (true) or below (false) the one before.
 * @param {Trade[]} trades @returns {[string | null, boolean | null]} */
function lastAndWhether(trades) {
  if (!trades.length) return [null, null];
  const before = trades.find((trade) => trade.price !== trades[0].price);
  return [trades[0].price, before === undefined ? null : compare(trades[0].price, before.price) > 0];
}
