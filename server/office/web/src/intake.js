// Intake with a script: keys for what stands on the page, and new reports that come by themselves.
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
