/* The market switcher: all markets with price and change, found by typing.
 *
 * Rules: it closes as a menu does, by Escape and by a click elsewhere; the arrow keys go through what is
 * found, Enter in the search goes to the first of it.
 */

import { byId, find } from "./draw.js";

/** What closes as a menu does. @param {HTMLDetailsElement} details */
export function closeLikeAMenu(details) {
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Node && !details.contains(target)) details.open = false;
  });
  details.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !details.open) return;
    details.open = false;
    find(details, "summary").focus();
  });
}

export function connectSwitcher() {
  const details = byId("switcher", HTMLDetailsElement);
  const search = byId("switcher-search", HTMLInputElement);
  closeLikeAMenu(details);
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    search.value = "";
    filter(search);
    search.focus();
  });
  search.addEventListener("input", () => filter(search));
  details.addEventListener("keydown", (event) => walk(event, search));
}

/** The links of the markets that are found. @returns {HTMLAnchorElement[]} */
function found() {
  return [...byId("switcher-markets").querySelectorAll("a")].filter((link) => !link.closest("tr")?.hidden);
}

/** @param {HTMLInputElement} search */
function filter(search) {
  const wanted = search.value.trim().toUpperCase();
  for (const row of byId("switcher-markets").querySelectorAll("tr")) row.hidden = !row.dataset.market?.includes(wanted);
  byId("switcher-nothing").hidden = found().length > 0;
}

/** @param {KeyboardEvent} event @param {HTMLInputElement} search */
function walk(event, search) {
  const links = found();
  if (event.key === "Enter" && event.target === search) {
    links[0]?.click();
    return;
  }
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const at = links.findIndex((link) => link === event.target) + step;
  if (at < 0) search.focus();
  else links[Math.min(at, links.length - 1)]?.focus();
}
