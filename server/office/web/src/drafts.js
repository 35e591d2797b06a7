// Nothing typed is lost: forms keep what is typed until their act has succeeded, and a session that has run out is
// begun anew over the page. Kept in the window alone, for the person who is signed in, until they sign out.
import htmx from "htmx.org";

const user = document.body.dataset.user ?? "", PREFIX = "draft ";
const keyOf = form => `${PREFIX}${user} ${new URL(form.action).pathname}`;
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

// A sheet that was sent is done with once another page answers; its own page again says what is wrong in it.
const sent = sessionStorage.getItem("sent");
if (user && sent) {
  if (!sent.endsWith(` ${location.pathname}`)) sessionStorage.removeItem(sent);
  sessionStorage.removeItem("sent");
}

function keep(form) {
  const kept = fields(form).filter(field => !untouched(field)).map(field => [field.name, ticks(field) ? field.value : null, stateOf(field)]);
  if (kept.length) sessionStorage.setItem(keyOf(form), JSON.stringify(kept)); else sessionStorage.removeItem(keyOf(form));
}

function restore(form) {
  for (const [name, value, state] of JSON.parse(sessionStorage.getItem(keyOf(form)) ?? "[]")) {
    for (const field of fields(form)) {
      if (field.name !== name || (value !== null && field.value !== value) || !untouched(field)) continue;
      if (ticks(field)) field.checked = state;
      else if (field.multiple) for (const each of field.options) each.selected = state.includes(each.value);
      else field.value = state;
      const folded = form.closest("details");
      if (folded) folded.open = true;
    }
  }
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
