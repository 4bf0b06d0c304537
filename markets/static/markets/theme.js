/* Theme: dark, light, or as the reader's system has it; kept in this browser.
 *
 * Rules:
 * - A classic script, run before the first paint, so that no page flashes in the other theme.
 * - The style sheets ask for `prefers-color-scheme` alone. Who chose otherwise gets those very rules told to
 *   hold always or never, so that each colour is written once.
 * - `data-theme` of the root says what is shown ("dark" or "light"), and a `themechange` event of the document
 *   that it is another now: for what is drawn by scripts.
 * - Where nothing can be kept (a private window), the choice lasts as long as the page.
 */

(() => {
  const KEY = "theme";
  const CHOICES = ["auto", "dark", "light"];
  const WORDS = { auto: "as your system has it", dark: "dark", light: "light" };
  const system = matchMedia("(prefers-color-scheme: light)");
  /** The rules about the light theme, found once they are loaded. @type {Set<CSSMediaRule>} */
  const rules = new Set();
  let choice = kept();

  function kept() {
    try {
      const found = localStorage.getItem(KEY) ?? "auto";
      return CHOICES.includes(found) ? found : "auto";
    } catch {
      return "auto";
    }
  }

  function keep() {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // It lasts as long as the page.
    }
  }

  function findRules() {
    for (const sheet of document.styleSheets) {
      for (const rule of sheet.cssRules) {
        if (rule instanceof CSSMediaRule && rule.conditionText.includes("prefers-color-scheme: light")) rules.add(rule);
      }
    }
  }

  function show() {
    findRules();
    const root = document.documentElement;
    const light = choice === "light" || (choice === "auto" && system.matches);
    const condition = { auto: "(prefers-color-scheme: light)", dark: "not all", light: "all" }[choice] ?? "";
    for (const rule of rules) rule.media.mediaText = condition;
    root.style.colorScheme = light ? "light" : "dark";
    const theme = light ? "light" : "dark";
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    document.dispatchEvent(new Event("themechange"));
  }

  function label(/** @type {HTMLElement} */ button) {
    button.dataset.choice = choice;
    const words = `Theme: ${WORDS[/** @type {keyof typeof WORDS} */ (choice)]}`;
    button.setAttribute("aria-label", words);
    button.title = words;
  }

  function connect() {
    show(); // style sheets that came after this script
    const button = document.getElementById("theme");
    if (!button) return;
    button.hidden = false;
    label(button);
    button.addEventListener("click", () => {
      choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length] ?? "auto";
      keep();
      show();
      label(button);
    });
  }

  show();
  system.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", connect);
})();
