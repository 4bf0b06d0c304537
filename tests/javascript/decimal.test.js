/* Decimals of any size, exactly: they come as strings, and no float is between. Python's Decimal is the measure. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as decimal from "../../markets/static/markets/decimal.js";
import { cases } from "./cases.js";

test("sums are Python's to the last digit", () => {
  for (const [a, b, sum, difference, product, sign] of cases.sums) {
    assert.equal(decimal.add(a, b), sum);
    assert.equal(decimal.subtract(a, b), difference);
    assert.equal(decimal.multiply(a, b), product);
    assert.equal(Math.sign(decimal.compare(a, b)), sign);
  }
});

test("division is cut off, and rounding goes down to whole steps", () => {
  for (const [a, b, quotient, floor] of cases.divisions) {
    assert.equal(decimal.divide(a, b, 8), quotient);
    assert.equal(decimal.floorTo(a, b), floor);
  }
});

test("rounding up goes to the next whole step, and stays where it is one", () => {
  assert.equal(decimal.ceilTo("1.001", "0.01"), "1.01");
  assert.equal(decimal.ceilTo("1.01", "0.01"), "1.01");
});

test("numbers are compared by value, whatever their zeros", () => {
  assert.equal(decimal.compare("1.50", "1.5"), 0);
  assert.ok(decimal.compare("9", "10") < 0);
  assert.ok(decimal.compare("0.1", "0.09") > 0);
  assert.equal(decimal.larger("9", "10"), "10");
  assert.equal(decimal.smaller("9", "10"), "9");
});

test("a number has one text", () => {
  assert.equal(decimal.canonical("001.500"), "1.5");
  assert.equal(decimal.canonical("-0.0"), "0");
  assert.equal(decimal.canonical("100"), "100");
});

for (const text of ["", "1e5", "NaN", "Infinity", ".5", "5.", "+1", "1,000", "0x10"]) {
  test(`"${text}" is no plain decimal, and nothing is made of it`, () => {
    assert.equal(decimal.isPlain(text), false);
    assert.throws(() => decimal.add(text, "1"), decimal.NotADecimal);
  });
}

test("what is no text is no plain decimal", () => {
  for (const value of [1, null, undefined, {}, ["1"]]) assert.equal(decimal.isPlain(value), false);
});

for (const [text, places, shown] of [
  ["1234567.5", 2, "1,234,567.50"],
  ["100", 0, "100"],
  ["-1234.5", 0, "-1,234.5"],
  ["0.00001", 5, "0.00001"],
  ["0.12345678", 2, "0.12345678"],
]) {
  test(`${text} is shown whole and lined up: ${shown}`, () => {
    assert.equal(decimal.shown(text, places), shown);
  });
}

test("what must not add up may be cut off", () => {
  assert.equal(decimal.cut("1.23456", 2), "1.23");
  assert.equal(decimal.cut("1.996", 0), "1");
  assert.equal(decimal.cut("1.5", 8), "1.5");
});

test("a percentage is an exact ratio, and back", () => {
  for (const [percent, ratio] of [["1", "0.01"], ["0.5", "0.005"], ["100", "1"], ["ten", "ten"]]) {
    assert.equal(decimal.ratioOfPercent(percent), ratio);
  }
  assert.equal(decimal.percentOfRatio("0.005"), "0.5");
});

test("a bar's width is between nothing and all", () => {
  assert.equal(decimal.ratio("1", "4"), 0.25);
  assert.equal(decimal.ratio("5", "4"), 1);
  assert.equal(decimal.ratio("5", "0"), 0);
});
