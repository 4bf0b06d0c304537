/* What Python works out and says, for these tests: cases.py makes it. */

import { readFileSync } from "node:fs";

export const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8"));
