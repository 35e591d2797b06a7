// Intake with a script: keys for what stands on the page, days by one touch, and new reports that come by themselves.
const isTyping = target => target.matches("input:not([type=radio]), textarea, select") || target.isContentEditable;

// A key does what the button or link does that names it; never while somebody types, or composes Chinese.
document.addEventListener("keydown", event => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const named = document.querySelector(`#intake [data-key="${CSS.escape(event.key.toUpperCase())}"]`);
  if (!named || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  named.click();
}, true);

for (const chips of document.querySelectorAll(".chips")) chips.hidden = false;

document.addEventListener("click", event => {
  const chip = event.target.closest("[data-day]");
  if (!chip) return;
  document.getElementById(chip.dataset.for).value = chip.dataset.day;
  for (const each of chip.parentElement.children) each.setAttribute("aria-pressed", String(each === chip));
});

document.addEventListener("input", event => {
  for (const chip of document.querySelectorAll(`[data-for="${CSS.escape(event.target.id || "-")}"]`)) {
    chip.setAttribute("aria-pressed", String(chip.dataset.day === event.target.value));
  }
});

// Whoever is chosen in one list is not chosen in the other.
document.addEventListener("change", event => {
  const { form, name } = event.target;
  if (name === "other" && event.target.value) for (const each of form.querySelectorAll("[name=assignee]")) each.checked = false;
  if (name === "assignee" && form.other) form.other.value = "";
});

// The queue is read again while somebody may be looking; the report and what is typed stay as they are.
const EVERY_MS = 60_000;
const reading = setInterval(async () => {
  const queue = document.getElementById("queue");
  if (!queue || document.hidden || queue.contains(document.activeElement)) return;
  const answer = await fetch(queue.dataset.poll).catch(() => null);
  if (answer?.status === 401 || answer?.redirected) clearInterval(reading);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("queue");
  const here = queue.querySelector("[aria-current]")?.getAttribute("href");
  for (const link of fresh.querySelectorAll("a")) {
    link.removeAttribute("aria-current");
    if (link.getAttribute("href") === here) link.setAttribute("aria-current", "true");
  }
  queue.replaceWith(fresh);
}, EVERY_MS);
