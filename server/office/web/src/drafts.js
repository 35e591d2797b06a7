// Nothing typed is lost: forms keep what is typed until their act has succeeded or is given up, and a session that has
// run out is begun anew over the page. Kept in the window alone, for the person who is signed in, until they sign out.
import htmx from "htmx.org";

const user = document.body.dataset.user ?? "", PREFIX = "draft ";
// A form says in data-draft what else tells it from others of its address, as what a bulk act is about.
const keyOf = form => `${PREFIX}${user} ${new URL(form.action).pathname} ${form.dataset.draft}`;
const forms = within => [...within.querySelectorAll("form[data-draft]")];
const fields = form => [...form.elements].filter(each => each.name && each.matches("textarea, select, input:not([type=hidden], [type=password], [type=file])"));
const ticks = field => field.type === "radio" || field.type === "checkbox";
const stateOf = field => ticks(field) ? field.checked : field.multiple ? [...field.selectedOptions].map(each => each.value) : field.value;
const untouched = field => ticks(field) ? field.checked === field.defaultChecked
  : field.options ? [...field.options].every(each => each.selected === each.defaultSelected) || (!field.multiple && !field.value)
  : field.value === field.defaultValue;

const hasFiles = form => [...form.querySelectorAll("[type=file]")].some(each => each.files.length);
export const isTyped = within => forms(within).some(form => hasFiles(form) || fields(form).some(field => !untouched(field)));

function clear() {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}

// Another person's sign-in drops what somebody else has typed in this window.
if (user && sessionStorage.getItem("drafts of") !== user) {
  clear();
  sessionStorage.setItem("drafts of", user);
}

// A form that was sent whole is done with once the server leads on from it: not with its own page, which says what is
// wrong in it, not with any that somebody opens after a line that failed, and not with the door.
const sent = sessionStorage.getItem("sent"), answers = "answers" in document.body.dataset;
if (user && sent) {
  if (!answers && performance.getEntriesByType("navigation")[0]?.redirectCount) sessionStorage.removeItem(sent);
  sessionStorage.removeItem("sent");
}
addEventListener("pageshow", event => event.persisted && sessionStorage.removeItem("sent"));
document.addEventListener("submit", event => {
  const form = event.target;
  if (form.matches("[data-draft]:not([hx-post])") && !event.defaultPrevented) sessionStorage.setItem("sent", keyOf(form));
});
document.addEventListener("click", event => {
  const gaveUp = event.target.closest("[data-gives-up]")?.closest("form");
  if (gaveUp) sessionStorage.removeItem(keyOf(gaveUp));
});

const kept = form => JSON.parse(sessionStorage.getItem(keyOf(form)) ?? "[]");
const isOf = (field, [name, value]) => field.name === name && (value === null || field.value === value);

// What somebody typed before stands as given in the page that answers it, and in a sheet whose questions come in rounds.
function keep(form) {
  const before = kept(form), stands = answers || form.matches("[data-rounds]"), here = fields(form);
  const typed = here.filter(field => !untouched(field) || (stands && before.some(each => isOf(field, each))))
    .map(field => [field.name, ticks(field) ? field.value : null, stateOf(field)]);
  const later = form.matches("[data-rounds]") ? before.filter(each => !here.some(field => isOf(field, each))) : [];
  const all = [...typed, ...later];
  if (!all.length) return sessionStorage.removeItem(keyOf(form));
  // What the author saw goes with what they wrote: others may have changed it by the time it is sent.
  const seen = [...form.querySelectorAll("input[data-seen]")].map(field => [field.name, null, field.value]);
  sessionStorage.setItem(keyOf(form), JSON.stringify([...all, ...seen]));
}

// Each thing is put back once: what the page makes of it afterwards stands. Says whether anything was.
const putBack = new WeakMap();
export function restore(form) {
  const done = putBack.get(form) ?? new Set();
  putBack.set(form, done);
  let isFound = false;
  for (const each of kept(form)) {
    const [name, value, state] = each, mark = `${name} ${value}`;
    for (const field of [...fields(form), ...form.querySelectorAll("input[data-seen]")].filter(found => isOf(found, each))) {
      if (done.has(mark)) continue;
      done.add(mark);
      if (!untouched(field)) continue;
      isFound ||= JSON.stringify(stateOf(field)) !== JSON.stringify(state);
      if (ticks(field)) field.checked = state;
      else if (field.multiple) for (const one of field.options) one.selected = state.includes(one.value);
      else field.value = state;
      const folded = form.closest("details");
      if (folded) folded.open = true;
    }
  }
  return isFound;
}

document.addEventListener("input", event => event.target.form?.matches("[data-draft]") && keep(event.target.form));
// Photos that the server would not take are told at once, and nothing is sent with them.
document.addEventListener("change", event => {
  const { dataset, files } = event.target;
  if (!files || !dataset.most) return;
  const isLarge = [...files].some(each => each.size > Number(dataset.mostBytes));
  event.target.setCustomValidity(files.length > Number(dataset.most) ? dataset.tooMany : isLarge ? dataset.tooLarge : "");
  event.target.reportValidity();
});
document.addEventListener("htmx:load", event => forms(event.detail.elt ?? document).forEach(restore));
forms(document).forEach(restore);
document.addEventListener("htmx:beforeSwap", event => {
  const form = event.detail.requestConfig?.elt;
  if (form?.matches?.("[data-draft]") && event.detail.xhr.status < 300) sessionStorage.removeItem(keyOf(form));
});
document.addEventListener("submit", event => event.target.action.includes("/office/sign-out") && clear());

// The session is over: sign in over the page, and send again what was being sent.
const dialog = document.getElementById("session");
let waiting = null;

document.addEventListener("htmx:responseError", event => {
  if (event.detail.xhr.status !== 401 || !dialog) return;
  waiting = event.detail.requestConfig.elt;
  const typed = forms(document).flatMap(fields).filter(each => each.matches("textarea, [type=text]")).map(each => each.value).join("");
  const said = dialog.querySelector("[data-kept]");
  said.hidden = !typed;
  said.textContent = said.dataset.kept.replace("0", [...typed].length);
  dialog.querySelector("[role=alert]").hidden = true;
  if (!dialog.open) dialog.showModal();
});

const read = async answer => new DOMParser().parseFromString(await answer.text(), "text/html");
const tokenOf = page => page.querySelector("input[name=form_token]")?.value ?? "";

dialog?.querySelector("form").addEventListener("submit", async event => {
  event.preventDefault();
  event.stopPropagation();
  const form = event.target, alert = dialog.querySelector("[role=alert]");
  try {
    const door = await read(await fetch("/office/sign-in"));
    const said = new URLSearchParams(new FormData(form));
    said.set("form_token", tokenOf(door));
    said.set("next", location.pathname + location.search);
    const page = await read(await fetch(form.action, { method: "POST", body: said }));
    if (page.body.dataset.user !== user) {
      if (page.querySelector("#old_password")) return void (location.href = "/office/password");
      alert.textContent = page.querySelector(".note.red")?.textContent.trim() ?? alert.dataset.failed;
      alert.hidden = false;
      return;
    }
    document.querySelectorAll("input[name=form_token]").forEach(each => (each.value = tokenOf(page)));
    form.reset();
    dialog.close();
    if (waiting?.matches?.("form")) waiting.requestSubmit();
    else if (waiting) htmx.trigger(waiting, "click");
  } catch {
    alert.textContent = alert.dataset.failed;
    alert.hidden = false;
  }
});
