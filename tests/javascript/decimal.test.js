/* Decimals of any size, exactly: they come as strings, and no float is between. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { compare } from "../../markets/static/markets/decimal.js";

test("numbers are compared by value, whatever their zeros", () => {
  assert.equal(compare("1.50", "1.5"), 0);
  assert.ok(compare("9", "10") < 0);
  assert.ok(compare("0.1", "0.09") > 0);
});
