// A new record's sheet: its questions follow the answers, and nothing that is typed meanwhile or left behind is lost.
import htmx from "htmx.org";

const sheet = () => document.getElementById("sheet"), form = sheet().closest("form");
const KEY = `draft ${document.body.dataset.user} ${location.pathname}`; // as drafts.js: gone when somebody signs out
const of = event => event.target.closest?.("#sheet");
const nameOf = field => (field.type === "checkbox" ? `${field.name} ${field.value}` : field.name);
const read = () => JSON.parse(sessionStorage.getItem(KEY) ?? "{}");

// Questions come with a whole sheet. While somebody writes on, they wait until the field is left, which asks anew.
let isTyped = false, isComposing = false;
document.addEventListener("compositionstart", event => { if (of(event)) isComposing = true; });
document.addEventListener("compositionend", () => { isComposing = false; });
document.addEventListener("htmx:configRequest", event => { if (event.target.id === "sheet") isTyped = false; });
document.addEventListener("htmx:beforeSwap", event => {
  if (event.detail.target.id === "sheet" && (isTyped || isComposing)) event.detail.shouldSwap = false;
});

// What is written is kept until it is sent, or given up by the link beside the button.
document.addEventListener("input", event => {
  const field = event.target;
  if (!of(event) || !field.name || field.type === "file") return;
  isTyped = true;
  sessionStorage.setItem(KEY, JSON.stringify({ ...read(), [nameOf(field)]: field.type === "checkbox" ? field.checked : field.value }));
});
form.addEventListener("submit", () => sessionStorage.setItem("sent", KEY));
form.querySelector(".end a").addEventListener("click", () => sessionStorage.removeItem(KEY));

// Answers come back one round after another: some questions are asked only once others are answered.
const left = read();
function restore() {
  let found = false;
  for (const field of form.elements) {
    const name = nameOf(field), value = left[name];
    if (value === undefined || field.type === "hidden" || (field.type === "radio" && field.value !== value)) continue;
    delete left[name];
    const was = field.matches("[type=checkbox], [type=radio]") ? field.checked : field.value;
    if (field.type === "checkbox") field.checked = value; else if (field.type === "radio") field.checked = true; else field.value = value;
    found ||= was !== (field.matches("[type=checkbox], [type=radio]") ? field.checked : field.value);
  }
  if (found) htmx.trigger(sheet(), "change");
}
document.addEventListener("htmx:afterSettle", restore);
restore();
