/* Toasts: short news at the edge of the page; whoever is read to hears them too, but never in a flood.
 *
 * Rules:
 * - News of one key replaces what was told before in its place; at most MOST are on the page, the oldest go.
 * - One stays for STAYS, not while it is pointed at or has the focus, and can be dismissed.
 * - What is said aloud is polite, at most once in SAY_EVERY, the last of what came meanwhile and how many.
 * - No sound. Nothing is here alone: fills are in their table.
 */

import { button, byId, element, setText } from "./draw.js";

const MOST = 3;
const STAYS = 7000;
const SAY_EVERY = 2500;

/** @typedef {{ key: string, text: string, detail?: string, className?: string }} News */
/** @typedef {{ node: HTMLElement, text: HTMLElement, detail: HTMLElement, timer: number }} Toast */

export class Toasts {
  /** @type {Map<string, Toast>} */ #toasts = new Map();
  /** @type {string[]} */ #unsaid = [];
  #sayTimer = 0;
  #saidAt = -Infinity;

  /** @param {(key: string) => void} gone is called when one has gone */
  constructor(gone) {
    this.gone = gone;
    this.place = byId("toasts");
    this.said = byId("toasts-said");
    this.place.addEventListener("keydown", ({ key, target }) => {
      if (key !== "Escape" || !(target instanceof Element)) return;
      const id = target.closest(".toast")?.getAttribute("data-key");
      if (id) this.#remove(id);
    });
  }

  /** @param {News} news */
  show({ key, text, detail = "", className = "" }) {
    const toast = this.#toasts.get(key) ?? this.#make(key);
    toast.node.className = `toast ${className}`;
    setText(toast.text, text);
    setText(toast.detail, detail);
    this.#wait(key, toast);
    const [oldest] = this.#toasts.keys();
    if (this.#toasts.size > MOST && oldest !== undefined) this.#remove(oldest);
    this.#say(text);
  }

  /** @param {string} key */
  #make(key) {
    const node = element("div", "toast");
    node.dataset.key = key;
    const text = node.appendChild(element("span"));
    const dismiss = node.appendChild(button("", "×", "Dismiss"));
    const detail = node.appendChild(element("span", "dim"));
    dismiss.addEventListener("click", () => this.#remove(key));
    const toast = { node, text, detail, timer: 0 };
    for (const stop of ["pointerenter", "focusin"]) node.addEventListener(stop, () => clearTimeout(toast.timer));
    for (const go of ["pointerleave", "focusout"]) node.addEventListener(go, () => this.#wait(key, toast));
    this.#toasts.set(key, toast);
    this.place.append(node);
    return toast;
  }

  /** @param {string} key @param {Toast} toast */
  #wait(key, toast) {
    clearTimeout(toast.timer);
    if (toast.node.matches(":hover, :focus-within")) return;
    toast.timer = window.setTimeout(() => this.#remove(key), STAYS);
  }

  /** @param {string} key */
  #remove(key) {
    const toast = this.#toasts.get(key);
    if (!toast) return;
    clearTimeout(toast.timer);
    this.#toasts.delete(key);
    toast.node.remove();
    this.gone(key);
  }

  /** @param {string} text */
  #say(text) {
    this.#unsaid.push(text);
    if (this.#sayTimer) return;
    this.#sayTimer = window.setTimeout(() => {
      const last = this.#unsaid.at(-1) ?? "";
      const others = this.#unsaid.length - 1;
      this.said.textContent = others ? `${last}. And ${others} more.` : `${last}.`;
      this.#unsaid = [];
      this.#sayTimer = 0;
      this.#saidAt = performance.now();
    }, Math.max(0, this.#saidAt + SAY_EVERY - performance.now()));
  }
}
