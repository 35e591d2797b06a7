// A new record's sheet: its questions follow the answers, and nothing that is typed meanwhile or left behind is lost.
import htmx from "htmx.org";
import { restore } from "./drafts.js";

const sheet = () => document.getElementById("sheet"), form = sheet().closest("form");
const of = event => event.target.closest?.("#sheet");

// Questions come with a whole sheet. While somebody writes on, they wait until the field is left, which asks anew.
let isTyped = false, isComposing = false;
document.addEventListener("compositionstart", event => { if (of(event)) isComposing = true; });
document.addEventListener("compositionend", () => { isComposing = false; });
document.addEventListener("htmx:configRequest", event => { if (event.target.id === "sheet") isTyped = false; });
document.addEventListener("htmx:beforeSwap", event => {
  if (event.detail.target.id === "sheet" && (isTyped || isComposing)) event.detail.shouldSwap = false;
});

document.addEventListener("input", event => { if (of(event) && event.target.type !== "file") isTyped = true; });

// Answers come back one round after another: some questions are asked only once others are answered.
const again = () => restore(form) && htmx.trigger(sheet(), "change");
document.addEventListener("htmx:afterSettle", again);
again();
