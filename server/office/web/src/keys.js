// Keys of lists of cases: off while somebody types, or composes a character.
import { close, current, rows, show, walk } from "./drawer.js";

const panel = document.getElementById("panel");
const here = () => panel ?? document; // the case beside the list, or the page of one

const isTyping = event => event.isComposing || event.keyCode === 229
  || event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const atRow = () => document.activeElement?.closest("tr[data-id]");
const focusOn = row => row?.querySelector(".c-place a")?.focus();

function step(by, extend) {
  const all = rows();
  if (panel && !panel.hidden && !extend) return walk(by);
  const at = all.indexOf(atRow()), next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
  if (extend && atRow()) select(atRow(), true);
  focusOn(next);
  if (extend && next) select(next, true);
}

function select(row, isOn) {
  const box = row?.querySelector("input[type=checkbox]");
  if (!box || box.checked === isOn) return;
  box.checked = isOn ?? !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

function openForm(action) {
  const found = here().querySelector(`details[data-act="${action}"]`);
  if (!found) return;
  found.open = true;
  found.querySelector("select, textarea, input:not([type=hidden])")?.focus();
}

function tab(by) {
  const all = [...document.querySelectorAll("#tabs nav a")];
  all[all.findIndex(each => each.hasAttribute("aria-current")) + by]?.click();
}

async function act(action) {
  const row = atRow();
  if (panel?.hidden && row) await show(row.dataset.id);
  openForm(action);
}

const KEYS = {
  j: event => step(1, event.shiftKey), k: event => step(-1, event.shiftKey),
  o: () => atRow() && show(atRow().dataset.id), x: () => select(atRow()),
  a: () => act("assign"), r: () => act("register"), e: () => act("extend"),
  p: () => here().querySelector(".photos a")?.click(),
  "/": () => document.getElementById("q")?.focus(), "[": () => tab(-1), "]": () => tab(1),
  m: () => document.getElementById("map") && toggleMap(),
};

document.addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest("form[data-draft]") ?? here().querySelector("details[open] form[data-draft]");
    return void form?.requestSubmit();
  }
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && !event.isComposing) {
    const popped = document.querySelector(".drop[open]");
    if (popped) return void ((popped.open = false), popped.querySelector("summary").focus());
    if (current()) return void (event.preventDefault(), close()); // or the same key closes what asks
    return;
  }
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (!KEYS[key]) return;
  event.preventDefault();
  KEYS[key](event);
});

// On a phone one form of an act is open at a time.
const isPhone = () => matchMedia("(max-width: 720px)").matches;
const leaveOpen = form => {
  for (const each of form.parentElement.querySelectorAll(":scope > details[open]")) if (each !== form) each.open = false;
};
document.addEventListener("toggle", event => {
  if (isPhone() && event.target.matches(".acts > details[open]")) leaveOpen(event.target);
}, true);

// Leaflet comes when the map is opened.
const toggleMap = async isOpen => (await import("./map.js")).toggle(isOpen);

document.addEventListener("click", event => {
  if (event.target.closest("[data-map]")) toggleMap();
  for (const each of document.querySelectorAll(".drop[open]")) if (!each.contains(event.target)) each.open = false;
});
function shown() {
  document.querySelectorAll(".footbar .keys, [data-map]").forEach(each => (each.hidden = false));
  const open = isPhone() && document.querySelector(".acts > details[open]");
  if (open) leaveOpen(open);
  document.querySelectorAll(".filters .apply").forEach(each => (each.hidden = true)); // a change applies itself
}
document.addEventListener("htmx:afterSwap", shown);
shown();
if (document.getElementById("list")?.dataset.withMap || localStorage.getItem("map open") && matchMedia("(min-width: 1400px)").matches) toggleMap(true);
