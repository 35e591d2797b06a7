// Several cases at once: the bar shows how many are picked, and what all of them allow; Escape lets go of them.
const picks = () => [...document.querySelectorAll("#list [name=pick]:checked")];
let asking = null;

async function show() {
  const bar = document.getElementById("bulk");
  if (!bar) return;
  const picked = picks(), clear = bar.querySelector("[type=reset]");
  bar.hidden = picked.length === 0;
  clear.hidden = picked.length === 0;
  for (const foot of document.querySelectorAll("#list .footbar")) foot.hidden = picked.length > 0;
  asking?.abort();
  if (!picked.length) return;
  asking = new AbortController();
  const query = new URLSearchParams(picked.map(each => ["pick", each.value]));
  const text = await fetch(`${bar.dataset.acts}?${query}`, { signal: asking.signal })
    .then(answer => answer.ok && !answer.redirected ? answer.text() : "").catch(() => ""); // the next pick asks again
  const fresh = text && new DOMParser().parseFromString(text, "text/html").getElementById("bulk-acts");
  if (fresh) document.getElementById("bulk-acts").replaceWith(fresh);
}

document.addEventListener("change", event => {
  if (event.target.id === "pick-all") {
    for (const each of document.querySelectorAll("#list [name=pick]")) each.checked = event.target.checked;
  }
  if (event.target.matches("#pick-all, #list [name=pick]")) show();
});
document.addEventListener("reset", event => event.target.id === "bulk" && setTimeout(() => {
  for (const each of document.querySelectorAll("#pick-all, #list [name=pick]")) each.checked = false;
  show();
}));
const KEYS = { a: "assign", r: "register", e: "extend" };
document.addEventListener("keydown", event => {
  if (event.isComposing || !picks().length || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") return void document.querySelector("#bulk [type=reset]").click();
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox]), textarea, select")) return;
  const button = document.querySelector(`#bulk-acts button[value="${KEYS[event.key.toLowerCase()]}"]`);
  if (!button) return;
  event.preventDefault();
  event.stopImmediatePropagation(); // what the same key does to one case
  button.click();
}, true);
document.addEventListener("htmx:afterSettle", show);
addEventListener("pageshow", show);
