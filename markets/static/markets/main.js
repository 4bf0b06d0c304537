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

/** Who has an account trades: its panels, each drawn once a frame when what it shows has changed. */
function startTrading() {
  /** @type {Partial<Record<Parameters<import("./trading.js").Changed>[0], (news: any[]) => void>>} */
  const told = {};
  const own = new Trading((what, news) => told[what]?.(news));
  trading = own;
  const fees = new Fees(markets, () => form?.drawSums());
  const orderForm = new OrderForm(rules, own, clock, () => feed, () => fees.of(symbol));
  form = orderForm;
  const safety = new Safety(own, clock);
  const faucet = document.getElementById("faucet");
  if (faucet instanceof HTMLButtonElement) connectFaucet(faucet, byId("faucet-note"));
  const steps = new FirstSteps(own, () => faucet?.click(), goToOrder);
  const tellFills = fillTeller();
  const tables = accountTables(own);
  drawBalances = tables.balances;
  const drawSums = oncePerFrame(() => orderForm.drawSums());
  const drawLink = oncePerFrame(() => {
    for (const each of [orderForm, safety]) each.drawLink();
    mark.drawLink(own);
    if (own.link === "ready") fees.ask();
  });
  told.orders = () => [tables.orders, draw.book].forEach((each) => each());
  told.link = () => [drawLink, tables.orders].forEach((each) => each());
  told.ended = (/** @type {Order[]} */ news) => {
    safety.notice(news);
    tables.ended();
    steps.hear("ended");
  };
  told.fills = (/** @type {Fill[]} */ news) => {
    fees.notice(news);
    tellFills(news);
    tables.fills();
  };
  told.balances = () => {
    tables.balances();
    drawSums();
    steps.hear("balances");
  };
  drawLink();
}

/** What draws each of the account's tables. @param {Trading} own */
function accountTables(own) {
  const decimals = decimalsByMarket(markets);
  const orders = new OpenOrders(symbol, decimals, own);
  const [ended, fills, balances] = [new Ended(decimals), new Fills(decimals), new Balances()];
  const places = Math.min(rules.quote_decimals, Math.max(PLACES_OF_WORTH, decimalsOf(rules.tick_size)));
  const worth = () => worthIn(own.balances.values(), markets, feed.tickers, rules.quote, places);
  connectTabs(byId("account-tabs"));
  return {
    orders: oncePerFrame(() => {
      orders.draw();
      chart.setOwn(own.orders.values(), own.fills);
    }),
    ended: oncePerFrame(() => ended.draw(own.ended.all())),
    fills: oncePerFrame(() => {
      fills.draw(own.fills);
      chart.setOwn(own.orders.values(), own.fills);
    }),
    balances: oncePerFrame(() => balances.draw(own.balances, worth())),
  };
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
