/* The page's book keeps every scene of the published conformance file, or of the one that BOOK_FEED names. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { env } from "node:process";
import { test } from "node:test";

import { BookFeed } from "../../markets/static/markets/local_book.js";

const PUBLISHED = new URL("../../docs/conformance/book_feed.json", import.meta.url);
const FILE = JSON.parse(readFileSync(env.BOOK_FEED ?? PUBLISHED, "utf8"));

/** What the module says of each reason. */
const WORDS = {
  not_connected: /not connected/,
  waiting: /waiting for a snapshot/,
  gap: /does not follow|a heartbeat is at/,
  checksum: /checksum/,
  old_snapshot: /is older than/,
  silence: /nothing heard/,
  unreadable: /could not be read/,
};

function take(feed, { at, event, message }) {
  switch (event) {
    case "subscribed":
      return feed.asked(at) ?? null;
    case "disconnected":
      return feed.disconnected() ?? null;
    case "tick":
      return feed.tick(at);
    default:
      return feed.receive(message, at);
  }
}

for (const { name, market, steps } of FILE.scenes) {
  test(name, () => {
    const feed = new BookFeed(market);
    for (const step of steps) {
      const outcome = take(feed, step);

      const { expect } = step;
      const said = JSON.stringify(step);
      assert.equal(outcome === "need_resync" ? "resync" : outcome, expect.outcome, said);
      assert.equal(feed.inStep, expect.in_step, said);
      if (feed.inStep) {
        const { book } = feed;
        assert.equal(book.sequence, expect.sequence, said);
        assert.equal(book.checksum, expect.checksum, said);
        assert.deepEqual(book.bids(), expect.bids, said);
        assert.deepEqual(book.asks(), expect.asks, said);
      } else {
        assert.match(feed.reason, WORDS[expect.reason], said);
      }
    }
  });
}

test("the reasons of the file are those that are known here", () => {
  assert.deepEqual(FILE.reasons.toSorted(), Object.keys(WORDS).toSorted());
});
