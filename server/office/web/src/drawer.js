// A case beside the list: opened by a row, walked through by ‹ ›, closed by Esc and by Back; what is chosen from
// long lists. Without a script each case is a page.
import htmx from "htmx.org";
import { isTyped } from "./drafts.js";
import { enlarge } from "./lightbox.js";

const panel = document.getElementById("panel"), split = document.querySelector(".split");
const list = () => document.getElementById("list");
export const rows = () => [...document.querySelectorAll("#list tr[data-id]")];
export const current = () => new URLSearchParams(location.search).get("case") ?? "";
const isWide = () => matchMedia("(min-width: 1280px)").matches;
const isPhone = () => matchMedia("(max-width: 720px)").matches;

function addressOf(id) {
  const address = new URL(location);
  if (id) address.searchParams.set("case", id); else address.searchParams.delete("case");
  return address;
}

// Behind a drawer that covers the list nothing is reached by keys or readers.
function cover(isOpen) {
  const isModal = isOpen && !isWide();
  panel.setAttribute("aria-modal", isModal);
  for (const each of [list(), ...document.querySelectorAll(".skip, .rail, .top")]) if (each) each.inert = isModal;
}

function mark() {
  const id = current(), all = rows(), at = all.findIndex(row => row.dataset.id === id);
  all.forEach(row => row.dataset.id === id ? row.setAttribute("aria-current", "true") : row.removeAttribute("aria-current"));
  const nth = panel?.querySelector(".nth");
  if (nth) nth.textContent = at < 0 ? "" : `${at + 1} / ${all.length}`;
  for (const button of panel?.querySelectorAll("[data-step], [data-close]") ?? []) {
    button.hidden = false;
    if (button.dataset.step) button.disabled = !all[at + Number(button.dataset.step)] || at < 0;
  }
}

export async function show(id, { push = true, focus = true } = {}) {
  if (!panel || isPhone()) return void (location.href = `/office/cases/${id}`);
  await htmx.ajax("GET", `/office/cases/${id}/panel`, { source: panel, target: panel });
  if (panel.querySelector("#case")?.dataset.case !== id) return;
  panel.hidden = false;
  split.classList.add("with-panel");
  if (push && current() !== id) history.pushState({ drawer: true }, "", addressOf(id));
  cover(true);
  mark();
  panel.scrollTop = 0;
  if (focus) panel.querySelector("#case-title").focus();
}

export function close({ push = true } = {}) {
  if (!panel || panel.hidden) return false;
  const ask = document.getElementById("unsent");
  if (push && ask && isTyped(panel) && !ask.open) {
    ask.showModal();
    ask.onclose = () => ask.returnValue === "drop" && leave(push);
    return true;
  }
  leave(push);
  return true;
}

function leave(push) {
  const id = current(), row = rows().find(each => each.dataset.id === id);
  if (push) history.pushState({ drawer: true }, "", addressOf(""));
  panel.hidden = true;
  panel.replaceChildren();
  split.classList.remove("with-panel");
  cover(false);
  mark();
  row?.querySelector("a")?.focus();
}

export function walk(step) {
  const all = rows(), row = all[all.findIndex(each => each.dataset.id === current()) + step];
  if (row) show(row.dataset.id);
}

addEventListener("popstate", event => {
  if (!panel || event.state?.htmx) return;
  if (current()) show(current(), { push: false }); else close({ push: false });
});

document.addEventListener("click", event => {
  const target = event.target;
  if (target.closest("[data-close]")) return void close();
  const step = target.closest("[data-step]");
  if (step) return void walk(Number(step.dataset.step));
  const photo = target.closest(".photos a");
  if (photo) return void (event.preventDefault(), enlarge(photo));
  const row = target.closest("#list tr[data-id]");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey || isPhone()) return;
  if (target.closest("input, button, label, select, summary, a") && !target.closest(".c-place a")) return;
  event.preventDefault();
  show(row.dataset.id);
});

// After an act the list is as it now is; where one case after the other is worked through, the next one opens.
document.addEventListener("acted", async event => {
  if (!panel || !list()) return;
  const all = rows(), at = all.findIndex(row => row.dataset.id === event.detail.id);
  const beside = (all[at + 1] ?? all[at - 1])?.dataset.id, next = list().dataset.next ? beside : "";
  await htmx.ajax("GET", list().dataset.here, { source: panel, target: "#list", select: "#list", swap: "outerHTML" });
  if (at >= 0 && next && !rows().some(row => row.dataset.id === event.detail.id)) return void show(next);
  mark();
  if (document.activeElement !== document.body) return; // what had the focus is still there
  const row = isWide() && at >= 0 && rows().find(each => each.dataset.id === beside);
  (row ? row.querySelector(".c-place a") : panel.querySelector("#case-title"))?.focus();
});
// Somebody was faster: the row says how the case stands now.
document.addEventListener("htmx:afterRequest", event => {
  if (event.detail.xhr?.status === 409 && panel && list()) htmx.ajax("GET", list().dataset.here, { source: list(), target: "#list", select: "#list", swap: "outerHTML" });
});
document.addEventListener("htmx:afterSwap", () => panel && (mark(), cover(!panel.hidden)));

// Long lists to choose from are narrowed by typing; a chosen place to work until may be named by days.
document.addEventListener("htmx:load", prepare);
function prepare() {
  document.querySelectorAll("[data-narrow][hidden]").forEach(each => (each.hidden = false));
  for (const field of document.querySelectorAll(".acts input[type=date][name=due_on]:not([data-days])")) {
    field.dataset.days = "1";
    if (document.querySelector(`[data-for="${field.id}"]`)) continue; // the form brings its own
    const chips = document.createElement("span");
    chips.className = "days";
    for (const days of [3, 7, 30]) {
      const chip = Object.assign(document.createElement("button"), { type: "button", textContent: document.documentElement.lang === "en" ? `${days} d` : `${days}天` });
      chip.onclick = () => {
        field.value = new Date(Date.now() + (days * 24 + 8) * 3_600_000).toISOString().slice(0, 10);
        field.dispatchEvent(new Event("input", { bubbles: true }));
      };
      chips.append(chip);
    }
    field.after(chips);
  }
}
document.addEventListener("input", event => {
  const box = event.target.closest("[data-narrow]");
  if (!box) return;
  const wanted = event.target.value.trim();
  for (const each of box.parentElement.querySelectorAll("li")) each.hidden = !each.textContent.includes(wanted);
  if (wanted) box.parentElement.querySelectorAll("details").forEach(each => (each.open = true));
});

prepare();
if (panel && current() && !panel.hidden) (mark(), cover(true));
