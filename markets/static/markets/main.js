/* A market's page: the feeds, the panels that draw them, and nothing between but "draw this again". */

import { Balances, connectFaucet, decimalsByMarket } from "./account_panels.js";
import { ChartPanel } from "./chart.js";
import { byId, oncePerFrame } from "./draw.js";
import { compare } from "./decimal.js";
import { MarketFeed } from "./feed.js";
import { Fees } from "./fees.js";
import { OrderForm } from "./form.js";
import { connectTabs, Ended, Fills } from "./history.js";
import { Ladder } from "./ladder.js";
import { closeLikeAMenu, Tape, Ticker } from "./market_panels.js";
import { MarketState } from "./market_state.js";
import { OpenOrders } from "./open_orders.js";
import { ServerClock } from "./rest.js";
import { Safety } from "./safety.js";
import { Trading } from "./trading.js";

const { symbol, markets, has_account: hasAccount } = JSON.parse(byId("page").textContent);
const rules = markets.find((market) => market.symbol === symbol);

let trading = null;
let form = null;

const clock = new ServerClock();
clock.set().catch(() => {}); // the reader's own clock will do meanwhile
const ladder = new Ladder(rules, (price) => form?.setPrice(price));
const ticker = new Ticker(rules);
const tape = new Tape(rules);
const state = new MarketState(rules, clock);
closeLikeAMenu(byId("switcher"));

const draw = {
  book: oncePerFrame(() => {
    ladder.draw(feed.feed, ownPrices());
    chart.drawDepth();
    form?.drawSums();
  }),
  trades: oncePerFrame(() => {
    tape.draw(feed.trades);
    ladder.drawLast(...lastAndWhether(feed.trades));
    form?.drawSums();
  }),
  ticker: oncePerFrame(() => ticker.draw(feed.tickers)),
  status: oncePerFrame(() => {
    ticker.drawStatuses(feed.statuses);
    state.draw(feed);
    form?.drawStatus();
  }),
};
const feed = new MarketFeed(symbol, markets, (what) => draw[what]());
const chart = new ChartPanel(rules, feed, clock);
draw.status();

if (hasAccount) startTrading();

function startTrading() {
  const drawAccount = {};
  trading = new Trading((what, news) => drawAccount[what]?.(news));
  const fees = new Fees(markets, () => form.drawSums());
  form = new OrderForm(rules, trading, clock, () => feed, () => fees.of(symbol));
  const decimals = decimalsByMarket(markets);
  const orders = new OpenOrders(symbol, decimals, trading);
  const ended = new Ended(decimals);
  const fills = new Fills(decimals);
  const balances = new Balances();
  const safety = new Safety(trading, clock);
  const drawFills = oncePerFrame(() => {
    fills.draw(trading.fills);
    chart.setOwn(trading.orders.values(), trading.fills);
  });
  const drawEnded = oncePerFrame(() => ended.draw(trading.ended.all()));
  Object.assign(drawAccount, {
    orders: oncePerFrame(() => {
      orders.draw();
      chart.setOwn(trading.orders.values(), trading.fills);
      draw.book();
    }),
    ended: (news) => {
      safety.notice(news);
      drawEnded();
    },
    fills: (news) => {
      fees.notice(news);
      drawFills();
    },
    balances: oncePerFrame(() => {
      balances.draw(trading.balances);
      form.drawSums();
    }),
    link: oncePerFrame(() => {
      form.drawLink();
      orders.draw();
      safety.drawLink();
      if (trading.link === "ready") fees.ask();
    }),
  });
  drawAccount.link();
  connectTabs(byId("history-tabs"));
  const faucet = byId("faucet");
  if (faucet) connectFaucet(faucet, byId("faucet-note"));
}

/** Where the account has orders in this market's book: "buy:PRICE" and "sell:PRICE". */
function ownPrices() {
  const own = new Set();
  for (const order of trading?.orders.values() ?? []) {
    if (order.market === symbol && order.status !== "untriggered") own.add(`${order.side}:${order.price}`);
  }
  return own;
}

/** The last trade's price, and whether it was above (true) or below (false) the one before. */
function lastAndWhether(trades) {
  if (!trades.length) return [null, null];
  const before = trades.find((trade) => trade.price !== trades[0].price);
  return [trades[0].price, before === undefined ? null : compare(trades[0].price, before.price) > 0];
}
