// What the pages do quicker with a script; each works as a plain page without it.
import htmx from "htmx.org";
import "./drafts.js";

// No eval, no style or page content written into the browser: the pages' policy forbids it, and cases are not stored.
Object.assign(htmx.config, {
  allowEval: false, includeIndicatorStyles: false, historyCacheSize: 0, selfRequestsOnly: true, refreshOnHistoryMiss: true,
  attributesToSettle: ["class", "width", "height"],
  // A form that is refused comes back with what is wrong in it; what is neither done nor refused leaves the page.
  responseHandling: [
    { code: "204", swap: false }, { code: "[23]..", swap: true }, { code: "403|404|409|413|422|503", swap: true },
    { code: "...", swap: false, error: true },
  ],
});

// What was done is told at the foot of the window, for as long as it takes to read it.
document.addEventListener("acted", event => {
  const toast = document.getElementById("toast");
  if (!toast) return;
  const { said, undo, word } = event.detail;
  toast.replaceChildren(said, ...(undo ? [" ", Object.assign(document.createElement("a"), { href: undo, textContent: word })] : []));
  toast.hidden = false;
  clearTimeout(toast.leaves);
  const leave = () => { if (toast.matches(":hover, :focus-within")) toast.leaves = setTimeout(leave, 2_000); else toast.hidden = true; };
  toast.leaves = setTimeout(leave, 8_000);
});

// Back to a form that was refused opens it by its address: no store has the answer, and the browser would show its own error.
if ("canBeOpened" in document.body.dataset) history.replaceState(history.state, "", location.href);

for (const button of document.querySelectorAll("[data-show]")) {
  const field = document.getElementById(button.dataset.show), show = button.textContent;
  button.hidden = false;
  button.addEventListener("click", () => {
    field.type = field.type === "password" ? "text" : "password";
    button.textContent = field.type === "password" ? show : button.dataset.hide;
  });
}

// A text is copied; where the browser keeps the clipboard from us, it is selected. It may be in a drawer that came later.
const showCopies = () => document.querySelectorAll("[data-copy]").forEach(button => { button.hidden = false; });
showCopies();
document.addEventListener("htmx:load", showCopies);
document.addEventListener("click", event => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  document.getElementById(button.dataset.copy).select();
  if (document.execCommand("copy")) button.textContent = button.dataset.done;
});

// An open menu closes by Escape, and by a click beside it.
const menus = () => document.querySelectorAll("details.who[open]");
document.addEventListener("click", event => menus().forEach(menu => menu.contains(event.target) || (menu.open = false)));
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  menus().forEach(menu => { menu.open = false; menu.querySelector("summary").focus(); });
});

// G and a letter lead to a page of the rail, and 1 to 5 to a kind of today's work; never while somebody types.
const PLACES = { t: "today", b: "board", i: "intake", a: "approvals", p: "problems", l: "ledgers", f: "figures", m: "admin" };
let chord = 0;
document.addEventListener("keydown", event => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select")) return;
  const key = event.key.toLowerCase(), isSecond = Date.now() - chord < 1_500;
  if (["shift", "capslock"].includes(key)) return;
  chord = key === "g" ? Date.now() : 0;
  const link = isSecond ? document.querySelector(`.rail a[data-place="${PLACES[key]}"]`)
    : /^[1-5]$/.test(key) ? document.querySelectorAll(".group header a")[key - 1] : null;
  if (isSecond || link) event.stopImmediatePropagation(); // what the same key does on this page
  if (!link) return;
  event.preventDefault();
  link.click();
}, true);

// The keys are listed by ?, and from the menu of who is signed in.
const showKeys = () => document.querySelector("dialog[open]") || document.getElementById("keys")?.showModal();
document.querySelectorAll("[data-scripted]").forEach(each => { each.hidden = false; });
document.addEventListener("click", event => event.target.closest("[data-keys]") && showKeys());
document.addEventListener("keydown", event => {
  if (event.key !== "?" || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select")) return;
  event.preventDefault();
  showKeys();
});

// What was refused is said above the form that was sent: one is led there, wherever the page stands.
const leadToRefusal = () => document.getElementById("refused")?.focus();
leadToRefusal();
document.addEventListener("htmx:afterSettle", event => event.detail.xhr.status >= 400 && leadToRefusal());

// A list that is fetched anew comes in a whole page: what the rail counts is taken from it as well.
document.addEventListener("htmx:afterRequest", event => {
  const text = event.detail.successful ? event.detail.xhr.responseText : "";
  if (!text.includes('class="rail"')) return;
  for (const fresh of new DOMParser().parseFromString(text, "text/html").querySelectorAll(".rail a")) {
    document.querySelector(`.rail a[data-place="${fresh.dataset.place}"]`)?.replaceChildren(...fresh.childNodes);
  }
});

// A filter that is changed is applied; without a script its button does.
document.addEventListener("change", event => {
  if (event.target.matches(".filters select, .filters input[type=checkbox]:not(.unfold)")) event.target.form.requestSubmit();
});

// A row of tabs wider than the window shows the tab one is on, not its beginning.
const showTab = () => document.querySelectorAll(".tabs > [aria-current]").forEach(tab => {
  const row = tab.parentElement, [at, space] = [tab, row].map(each => each.getBoundingClientRect());
  if (at.left < space.left || at.right > space.right) row.scrollLeft += at.left - space.left - (space.width - at.width) / 2;
});
showTab();
document.addEventListener("htmx:afterSettle", showTab);

// What could not be fetched leaves the page as it was, and says so.
const noLink = isShown => { const note = document.getElementById("no-link"); if (note) note.hidden = !isShown; };
document.addEventListener("htmx:sendError", () => noLink(true));
document.addEventListener("htmx:afterRequest", event => event.detail.successful && noLink(false));

// The counts of the tabs are asked for again while somebody may be looking; signed out, no more.
const EVERY_MS = 30_000;
let tag = "";
const counting = setInterval(async () => {
  const tabs = document.getElementById("tabs");
  if (!tabs || document.hidden || tabs.contains(document.activeElement)) return;
  const answer = await fetch(tabs.dataset.counts, { headers: tag ? { "If-None-Match": tag } : {} }).catch(() => null);
  if (answer?.status === 401) clearInterval(counting);
  if (!answer?.ok || !tabs.isConnected) return;
  tag = answer.headers.get("ETag") ?? "";
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("tabs");
  const left = tabs.querySelector(".tabs").scrollLeft;
  tabs.replaceWith(fresh);
  fresh.querySelector(".tabs").scrollLeft = left;
  htmx.process(fresh);
}, EVERY_MS);

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", event => {
  const form = event.target;
  if (form.method !== "post" || form.matches("[hx-post]")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
  // The browser's Stop button tells no script: after a while the form may be sent again, and is not carried out twice.
  // What takes longer says how long: an answer that is shown once, as phone cards are, would be lost.
  setTimeout(() => delete form.dataset.sent, Number(form.dataset.takes ?? 4) * 1_000);
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(form => delete form.dataset.sent));
