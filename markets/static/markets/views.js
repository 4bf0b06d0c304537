/* Views: on a phone one part of the page at a time, chosen at its lower edge; elsewhere all are seen.
 *
 * Rules: which panels are of a part is in the page (`data-views`), whether it matters is layout.css's business.
 */

import { byId, find } from "./draw.js";

/** @typedef {"chart" | "book" | "trade" | "orders"} View */

const NARROW = "(max-width: 759px)"; // as in layout.css

/** Show a part. @param {string} view */
export function show(view) {
  const panels = byId("panels");
  if (panels.dataset.view === view) return;
  panels.dataset.view = view;
  for (const button of byId("views").querySelectorAll("button")) {
    if (button.dataset.view === view) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  const quick = document.getElementById("quick");
  if (quick) quick.hidden = view === "trade" || view === "orders";
  if (matchMedia(NARROW).matches) scrollTo({ top: 0 });
}

/** The buttons choose; `order` is called with the side of an order that is wished for. @param {(side: string) => void} order */
export function connectViews(order) {
  byId("views").addEventListener("click", ({ target }) => {
    const view = target instanceof Element ? target.closest("button")?.dataset.view : undefined;
    if (view) show(view);
  });
  document.getElementById("quick")?.addEventListener("click", ({ target }) => {
    const side = target instanceof Element ? target.closest("button")?.dataset.side : undefined;
    if (!side) return;
    show("trade");
    order(side);
    find(byId("order-form"), `input[name="side"]:checked`).focus();
  });
}
