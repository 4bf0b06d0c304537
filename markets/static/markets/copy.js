/* Buttons that copy what stands in a field; without a clipboard they stay away. */

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copies]")) {
    if (button instanceof HTMLButtonElement) offer(button);
  }
}

/** @param {HTMLButtonElement} button */
function offer(button) {
  const field = document.getElementById(button.dataset.copies ?? "");
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl-C";
    }
  });
}
