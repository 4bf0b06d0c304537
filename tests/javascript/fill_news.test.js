/* A fill is news once, and a flood of fills is a few sentences. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FillNews, MOST_AT_ONCE, pieceWords } from "../../markets/static/markets/fill_news.js";

let next = 1;
const fill = (order, more = {}) => ({
  id: String(next++),
  order_id: order,
  market: "BTC-USD",
  side: "buy",
  price: "100",
  quantity: "0.5",
  liquidity: "maker",
  ...more,
});

/** News of somebody who had no fills when the page was opened. */
function listening() {
  const news = new FillNews();
  news.take([]);
  return news;
}

test("what was there before the page is no news", () => {
  const news = new FillNews();
  const old = fill("a");
  assert.deepEqual(news.take([old]), { pieces: [], more: 0 });
  assert.deepEqual(news.take([old]), { pieces: [], more: 0 });
});

test("a fill is told once, also when a list repeats it", () => {
  const news = listening();
  const fresh = fill("a");
  assert.equal(news.take([fresh]).pieces.length, 1);
  assert.equal(news.take([fresh]).pieces.length, 0);
});

test("both sides of a trade with oneself are told", () => {
  const news = listening();
  const bought = fill("a");
  assert.equal(news.take([bought, { ...bought, order_id: "b", side: "sell" }]).pieces.length, 2);
});

test("one fill says its price", () => {
  const [piece] = listening().take([fill("a", { side: "sell", price: "1234.5", quantity: "2" })]).pieces;
  assert.equal(pieceWords(piece), "Sold 2 BTC at 1,234.5");
});

test("fills of one order are one piece of news, at the exact average price", () => {
  const news = listening();
  news.take([fill("a", { quantity: "1" })]);
  const { pieces } = news.take([fill("a", { price: "101", quantity: "2" })]);
  assert.equal(pieces.length, 1);
  assert.equal(pieceWords(pieces[0]), "Bought 3 BTC at 100.66 on average, in 2 fills");
});

test("what was dismissed begins anew", () => {
  const news = listening();
  news.take([fill("a")]);
  news.end("a");
  const [piece] = news.take([fill("a")]).pieces;
  assert.equal(pieceWords(piece), "Bought 0.5 BTC at 100");
});

test("of many orders at once the last few are told, and the rest is counted", () => {
  const { pieces, more } = listening().take(Array.from({ length: 20 }, (_, at) => fill(`order ${at}`)));
  assert.deepEqual(pieces.map(({ key }) => key), ["order 17", "order 18", "order 19"]);
  assert.equal(more, 20 - MOST_AT_ONCE);
});

test("a thousand fills of one order are one piece", () => {
  const { pieces, more } = listening().take(Array.from({ length: 1000 }, () => fill("a", { quantity: "0.001" })));
  assert.equal(more, 0);
  assert.equal(pieceWords(pieces[0]), "Bought 1 BTC at 100 on average, in 1000 fills");
});
