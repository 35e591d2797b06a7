// What the pages do quicker with a script; each works as a plain page without it.
import htmx from "htmx.org";

// No eval, no style or page content written into the browser: the pages' policy forbids it, and cases are not stored.
Object.assign(htmx.config, {
  allowEval: false, includeIndicatorStyles: false, historyCacheSize: 0, selfRequestsOnly: true, refreshOnHistoryMiss: true,
});

for (const button of document.querySelectorAll("[data-show]")) {
  const field = document.getElementById(button.dataset.show), show = button.textContent;
  button.hidden = false;
  button.addEventListener("click", () => {
    field.type = field.type === "password" ? "text" : "password";
    button.textContent = field.type === "password" ? show : button.dataset.hide;
  });
}

// An open menu closes by Escape, and by a click beside it.
const menus = () => document.querySelectorAll("details.who[open]");
document.addEventListener("click", event => menus().forEach(menu => menu.contains(event.target) || (menu.open = false)));
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  menus().forEach(menu => { menu.open = false; menu.querySelector("summary").focus(); });
});

// A filter that is changed is applied; without a script its button does.
document.addEventListener("change", event => {
  if (event.target.matches(".filters select, .filters input[type=checkbox]")) event.target.form.requestSubmit();
});

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
  tabs.replaceWith(fresh);
  htmx.process(fresh);
}, EVERY_MS);

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", event => {
  if (event.target.method !== "post") return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(form => delete form.dataset.sent));
