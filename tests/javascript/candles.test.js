/* A chart's bars are the exchange's candles, in whatever order they are told, and flat where nothing traded. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Candles, changeOf, MAX_FLAT, MAX_KEPT } from "../../markets/static/markets/candles.js";

const MINUTE = 60;
const START = 29_000_000;

/** The candle of so many minutes after START. */
function candle(minute, close, { open = close, volume = "1", trades = 1 } = {}) {
  const start = new Date((START + minute) * MINUTE * 1000).toISOString();
  return { start, open, high: close, low: open, close, volume, quote_volume: "1", trade_count: trades };
}

/** The bars as "minute: close ×volume". */
const printed = ({ bars }) => bars.map(({ time, close, volume }) => `${time / MINUTE - START}: ${close} ×${volume}`);

function candlesOf(...told) {
  const candles = new Candles("1m");
  candles.take(told);
  return candles;
}

test("candles that follow each other are bars", () => {
  const candles = candlesOf(candle(0, "100"), candle(1, "101"));

  assert.deepEqual(printed(candles), ["0: 100 ×1", "1: 101 ×1"]);
});

test("a minute without a trade is a flat bar at the last close", () => {
  const candles = candlesOf(candle(0, "100"), candle(3, "103"));

  assert.deepEqual(printed(candles), ["0: 100 ×1", "1: 100 ×0", "2: 100 ×0", "3: 103 ×1"]);
});

test("a candle makes way for no earlier telling of itself", () => {
  const candles = candlesOf(candle(0, "102", { volume: "7", trades: 3 }));

  assert.equal(candles.take([candle(0, "101", { volume: "5", trades: 2 })]), null);
  assert.deepEqual(printed(candles), ["0: 102 ×7"]);
});

test("the candle of now is told again with each trade, and only its bar is another", () => {
  const candles = candlesOf(candle(0, "100"), candle(1, "101"));

  const place = candles.take([candle(1, "105", { volume: "2", trades: 2 })]);

  assert.equal(place, 1);
  assert.deepEqual(printed(candles), ["0: 100 ×1", "1: 105 ×2"]);
});

test("a candle that was missed takes the flat bar's place, and those after it close anew", () => {
  const candles = candlesOf(candle(0, "100"), candle(3, "103"));

  const place = candles.take([candle(1, "99")]);

  assert.equal(place, 1);
  assert.deepEqual(printed(candles), ["0: 100 ×1", "1: 99 ×1", "2: 99 ×0", "3: 103 ×1"]);
});

test("older candles come before, in one piece with those that are there", () => {
  const candles = candlesOf(candle(4, "104"));

  assert.equal(candles.take([candle(0, "100"), candle(2, "102")]), 0);
  assert.deepEqual(printed(candles), ["0: 100 ×1", "1: 100 ×0", "2: 102 ×1", "3: 102 ×0", "4: 104 ×1"]);
});

test("time alone makes flat bars, the first trade of a minute makes it a candle", () => {
  const candles = candlesOf(candle(0, "100"));

  assert.equal(candles.advance((START + 2) * MINUTE * 1000 + 500), 1);
  assert.deepEqual(printed(candles), ["0: 100 ×1", "1: 100 ×0", "2: 100 ×0"]);
  assert.equal(candles.advance((START + 2) * MINUTE * 1000 + 900), null);

  assert.equal(candles.take([candle(2, "98")]), 2);
  assert.deepEqual(printed(candles), ["0: 100 ×1", "1: 100 ×0", "2: 98 ×1"]);
  assert.equal(candles.lastStart, (START + 2) * MINUTE);
});

test("flat bars that came by the clock outlive a correction before them", () => {
  const candles = candlesOf(candle(0, "100"));
  candles.advance((START + 2) * MINUTE * 1000);

  candles.take([candle(0, "97", { trades: 2 })]);

  assert.deepEqual(printed(candles), ["0: 97 ×1", "1: 97 ×0", "2: 97 ×0"]);
});

test("a silence that is too long is left out whole, however it ends", () => {
  const candles = candlesOf(candle(0, "100"));

  assert.equal(candles.advance((START + MAX_FLAT + 1) * MINUTE * 1000), null);
  candles.take([candle(MAX_FLAT + 2, "200")]);

  assert.deepEqual(printed(candles), ["0: 100 ×1", `${MAX_FLAT + 2}: 200 ×1`]);
});

test("a market without a trade has no bars, whatever time it is", () => {
  const candles = new Candles("1m");

  assert.equal(candles.take([]), null);
  assert.equal(candles.advance(START * MINUTE * 1000), null);
  assert.deepEqual(candles.bars, []);
  assert.equal(candles.lastStart, null);
});

test("no more than MAX_KEPT bars are kept: the first ones go", () => {
  const candles = candlesOf(...Array.from({ length: MAX_KEPT }, (_, minute) => candle(minute, "1")));

  const place = candles.take([candle(MAX_KEPT, "2")]);

  assert.equal(place, 0, "all are at other places");
  assert.equal(candles.bars.length, MAX_KEPT);
  assert.equal(candles.bars[0].time, (START + 1) * MINUTE);
});

test("bars are what a reckoning from the start makes of the same candles, whatever comes when", () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    let state = seed;
    const dice = (sides) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % sides;
    const told = Array.from({ length: 60 }, (_, at) => candle(dice(40), String(100 + dice(9)), { trades: at + 1 }));

    const candles = new Candles("1m");
    for (const each of told) candles.take([each]);

    const atOnce = new Candles("1m");
    atOnce.take(told);
    assert.deepEqual(candles.bars, atOnce.bars, `seed ${seed}`);
    for (const [at, bar] of candles.bars.entries()) {
      if (at > 0) assert.equal(bar.time - candles.bars[at - 1].time, MINUTE);
    }
  }
});

test("a change is from the close before, exact, with its sign in words", () => {
  const [first, second] = candlesOf(candle(0, "100", { open: "99" }), candle(1, "98.75")).bars;

  assert.deepEqual(changeOf(second, first, 2), { sign: -1, words: "-1.25 (-1.25 %)" });
  assert.deepEqual(changeOf(first, undefined, 2), { sign: 1, words: "+1.00 (+1.01 %)" });
  assert.deepEqual(changeOf(first, first, 2), { sign: 0, words: "0.00 (0.00 %)" });
});
