// Feeds nodejs-order-book with a flow, some thousand messages at a time, as benchmarks/core.py asks.
//
// The flow is a file of 64-bit integers, four a message: buys, ticks, lots (0: cancel), number. Each line
// of the standard input is how many messages are next; the answer is the nanoseconds that they took.
// Messages are made into the calls' arguments before the clock starts.

const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const { OrderBook } = require("nodejs-order-book");

const bytes = readFileSync(process.argv[2]);
const flow = new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
const book = new OrderBook();
let place = 0;

function next(count) {
  const messages = [];
  for (const end = place + 4 * count; place < end; place += 4) {
    const size = Number(flow[place + 2]);
    const id = String(flow[place + 3]);
    messages.push(
      size === 0
        ? { id, cancel: true }
        : { id, cancel: false, side: flow[place] ? "buy" : "sell", size, price: Number(flow[place + 1]) },
    );
  }
  return messages;
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const messages = next(Number(line));
  const start = process.hrtime.bigint();
  for (const message of messages) {
    if (message.cancel) {
      book.cancel(message.id);
    } else {
      book.limit(message);
    }
  }
  console.log(String(process.hrtime.bigint() - start));
});
