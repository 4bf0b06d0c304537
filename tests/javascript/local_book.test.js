/* A book's levels are in order, its checksum is the contract's, and bad input leaves it as it was.
 * How it follows a channel is told by book_feed.test.js. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";

import { LocalBook, comparePrices, crc32 } from "../../markets/static/markets/local_book.js";

const MODULUS = 2 ** 32;

/** The checksum, counted anew from the levels. */
function counted(book) {
  const texts = [...book.bids().map((level) => ["b", ...level]), ...book.asks().map((level) => ["a", ...level])];
  return texts.reduce((sum, level) => (sum + crc32(level.join(":"))) % MODULUS, 0);
}

/** Numbers that look random and are the same each time. */
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / MODULUS) * sides);
  };
}

function example() {
  const book = new LocalBook("BTC-USD");
  book.replace(3, [["99.5", "2"], ["100", "1.5"]], [["101", "0.25"]]);
  return book;
}

test("CRC-32 is zlib's", () => {
  assert.equal(crc32(""), 0);
  assert.equal(crc32("123456789"), 0xcbf43926);
  if (zlibCrc32) assert.equal(crc32("b:100:1.5"), zlibCrc32("b:100:1.5"));
});

test("the contract's example has the contract's checksum", () => {
  const book = example();

  assert.equal(book.checksum, 2719417658);
  assert.deepEqual(book.bids(), [["100", "1.5"], ["99.5", "2"]]);
  assert.deepEqual(book.asks(), [["101", "0.25"]]);
  assert.deepEqual(book.size, { bids: 2, asks: 1 });
});

test("prices are compared as numbers of any length", () => {
  const ordered = ["0.000000000000000001", "0.09", "0.1", "9", "10", "10.45", "10.5", "123456789012345678901"];
  for (const [place, price] of ordered.entries()) {
    assert.equal(comparePrices(price, price), 0);
    for (const higher of ordered.slice(place + 1)) {
      assert.ok(comparePrices(price, higher) < 0, `${price} < ${higher}`);
      assert.ok(comparePrices(higher, price) > 0, `${higher} > ${price}`);
    }
  }
});

test("only as many levels are given as are asked for, best first", () => {
  assert.deepEqual(example().bids(1), [["100", "1.5"]]);
  assert.deepEqual(example().asks(5), [["101", "0.25"]]);
});

test("after thousands of changes the checksum kept is the checksum counted anew", () => {
  const roll = dice(7);
  const book = new LocalBook("BTC-USD");
  for (let sequence = 1; sequence <= 3000; sequence += 1) {
    const level = [`${900 + roll(200)}.${1 + roll(9)}`, roll(3) ? `${1 + roll(50)}.5` : "0"];
    book.apply(sequence, roll(2) ? [level] : [], roll(2) ? [level] : []);
    if (sequence % 100 === 0) assert.equal(book.checksum, counted(book));
  }
  const bids = book.bids().map(([price]) => price);
  assert.deepEqual(bids, bids.toSorted((a, b) => comparePrices(b, a)));
  assert.equal(new Set(bids).size, bids.length);
});

test("numbers that are not canonical are the level that they mean", () => {
  const book = example();

  book.apply(4, [["100.0", "0.0"], ["099.50", "3.10"]], []);

  assert.deepEqual(book.bids(), [["99.5", "3.1"]]);
  assert.equal(book.checksum, counted(book));
});

test("bad input leaves the book as it was, whole", () => {
  for (const bad of [null, "98", [["98"]], [["98", 1]], [["98", "1e2"]], [["0", "1"]], [["98", "-1"]]]) {
    const book = example();

    assert.throws(() => book.apply(4, [["99.5", "0"]], bad), TypeError);
    assert.throws(() => book.replace(4, [["99.5", "0"]], bad), TypeError);

    assert.equal(book.sequence, 3);
    assert.equal(book.checksum, 2719417658);
    assert.deepEqual(book.bids(), [["100", "1.5"], ["99.5", "2"]]);
  }
});
