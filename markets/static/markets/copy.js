// Buttons that copy what stands in a field; without a clipboard they stay away.

/** @param {HTMLButtonElement} button @param {HTMLInputElement} field */
async function copy(button, field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Press Ctrl-C";
  }
}

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copies]")) {
    if (!(button instanceof HTMLButtonElement)) continue;
    const field = document.getElementById(button.dataset.copies ?? "");
    if (!(field instanceof HTMLInputElement)) continue;
    button.hidden = false;
    button.addEventListener("click", () => void copy(button, field));
  }
}
