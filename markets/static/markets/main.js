/* A market's page: the feeds, the panels that draw them, and nothing between but "draw this again". */

import { Balances, connectFaucet, decimalsByMarket, Fills, OpenOrders } from "./account_panels.js";
import { byId, oncePerFrame } from "./draw.js";
import { compare } from "./decimal.js";
import { MarketFeed } from "./feed.js";
import { OrderForm } from "./form.js";
import { Ladder } from "./ladder.js";
import { closeLikeAMenu, Tape, Ticker } from "./market_panels.js";
import { Trading } from "./trading.js";

const { symbol, markets, has_account: hasAccount } = JSON.parse(byId("page").textContent);
const rules = markets.find((market) => market.symbol === symbol);

let trading = null;
let form = null;

const ladder = new Ladder(rules, (price) => form?.setPrice(price));
const ticker = new Ticker(rules);
const tape = new Tape(rules);
closeLikeAMenu(byId("switcher"));

const draw = {
  book: oncePerFrame(() => {
    ladder.draw(feed.feed, ownPrices());
    form?.drawSums();
  }),
  trades: oncePerFrame(() => {
    tape.draw(feed.trades);
    ladder.drawLast(...lastAndWhether(feed.trades));
  }),
  ticker: oncePerFrame(() => ticker.draw(feed.tickers)),
  status: oncePerFrame(() => ticker.drawStatuses(feed.statuses)),
};
const feed = new MarketFeed(symbol, markets.map((market) => market.symbol), (what) => draw[what]());

if (hasAccount) startTrading();

function startTrading() {
  const drawAccount = {};
  trading = new Trading((what) => drawAccount[what]?.());
  form = new OrderForm(rules, trading, () => feed);
  const decimals = decimalsByMarket(markets);
  const orders = new OpenOrders(symbol, decimals, trading);
  const fills = new Fills(decimals);
  const balances = new Balances();
  Object.assign(drawAccount, {
    orders: oncePerFrame(() => {
      orders.draw();
      draw.book();
    }),
    fills: oncePerFrame(() => fills.draw(trading.fills)),
    balances: oncePerFrame(() => {
      balances.draw(trading.balances);
      form.drawSums();
    }),
    link: oncePerFrame(() => {
      form.drawLink();
      orders.draw();
    }),
  });
  drawAccount.link();
  const faucet = byId("faucet");
  if (faucet) connectFaucet(faucet, byId("faucet-note"));
}

/** Where the account has orders in this market: "buy:PRICE" and "sell:PRICE". */
function ownPrices() {
  const own = new Set();
  for (const order of trading?.orders.values() ?? []) {
    if (order.market === symbol) own.add(`${order.side}:${order.price}`);
  }
  return own;
}

/** The last trade's price, and whether it was above (true) or below (false) the one before. */
function lastAndWhether(trades) {
  if (!trades.length) return [null, null];
  const before = trades.find((trade) => trade.price !== trades[0].price);
  return [trades[0].price, before === undefined ? null : compare(trades[0].price, before.price) > 0];
}
