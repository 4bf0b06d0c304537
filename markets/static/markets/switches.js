/* Switches: buttons that are on or off, and what the browser keeps of the reader's choices.
 *
 * Rules: what is kept is of this browser alone, and none of it matters to the exchange; where it must not be kept,
 * the next visit starts with the defaults.
 */

const isPressed = (/** @type {HTMLElement} */ button) => button.getAttribute("aria-pressed") === "true";

/** A button that is on or off. @param {HTMLElement} button @param {string | null} key what it is kept by, if it is @param {(pressed: boolean) => void} set */
export function connectSwitch(button, key, set) {
  const press = (/** @type {boolean} */ pressed) => {
    button.setAttribute("aria-pressed", String(pressed));
    set(pressed);
  };
  button.addEventListener("click", () => {
    press(!isPressed(button));
    if (key !== null) keep(key, String(isPressed(button)));
  });
  press(key !== null && kept(key) === "true");
}

/** What the browser keeps; null: nothing, or it must not. @param {string} key */
export function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The reader forbade it.
  }
}
