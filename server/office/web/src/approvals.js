// Approvals by keyboard: J and K from row to row, Y to grant, N to decline. Off while somebody types or composes.
const rows = () => [...document.querySelectorAll("[data-row]")];
const hint = document.querySelector(".by-key");
if (hint) hint.hidden = false;
document.querySelector(".answer [autofocus], #refused")?.focus();

document.addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
    return void event.target.closest("form")?.requestSubmit(); // the reason one is writing
  }
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") document.querySelector(".answer a.plain")?.click();
  if (event.target.closest("input, select, textarea")) return;
  const all = rows(), at = all.findIndex(row => row.contains(document.activeElement));
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") {
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + (key === "j" ? 1 : -1), 0), all.length - 1)];
    next?.focus();
    event.preventDefault();
  } else if ((key === "y" || key === "n") && at >= 0) {
    all[at].querySelector(key === "y" ? "[data-yes]" : "[data-no]")?.click();
    event.preventDefault();
  }
});
