/* The operator's front page: what moves is asked for again every few seconds, and greyed out when it is not answered.
 *
 * Rules: nothing is asked while nobody looks; one question at a time; what an answer is not (a log-in page, an error)
 * is never shown in its place. Keyboard focus stays where it was.
 */

const INTERVAL_MS = 2_000;
/** How many times longer it waits than an answer took: many markets take a while, and the server has more to do. */
const PATIENCE = 10;
const TIMEOUT_MS = 8_000;

const overview = /** @type {HTMLElement} */ (document.getElementById("overview"));
const note = /** @type {HTMLElement} */ (document.getElementById("stale"));
let seen = new Date();

/** Which link has the focus, so that its successor gets it.
 * @returns {string | null} */
function focused() {
  const element = document.activeElement;
  return element instanceof HTMLAnchorElement && overview.contains(element) ? element.href : null;
}

/** @param {string} html */
function show(html) {
  const href = focused();
  const table = overview.querySelector(".scroll");
  const left = table ? table.scrollLeft : 0;
  overview.innerHTML = html;
  const now = overview.querySelector(".scroll");
  if (now) now.scrollLeft = left;
  if (href !== null) [...overview.querySelectorAll("a")].find((link) => link.href === href)?.focus();
  seen = new Date();
  overview.classList.remove("stale");
  note.hidden = true;
}

/** @param {string} why */
function doubt(why) {
  overview.classList.add("stale");
  const text = `${why} What you see is of ${seen.toISOString().slice(11, 19)} UTC.`;
  if (note.textContent !== text) note.textContent = text;
  note.hidden = false;
}

async function ask() {
  const response = await fetch(String(overview.dataset.url), {
    headers: { Accept: "text/html" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.redirected || response.status === 403) return doubt("You are logged out, or may not look any more: reload the page.");
  if (!response.ok) return doubt(`The server answers ${response.status}.`);
  return show(await response.text());
}

async function follow() {
  const began = performance.now();
  if (!document.hidden) {
    try {
      await ask();
    } catch {
      doubt("The server does not answer.");
    }
  }
  setTimeout(follow, Math.max(INTERVAL_MS, PATIENCE * (performance.now() - began)));
}

setTimeout(follow, INTERVAL_MS);
