// What the pages of figures do with a script: charts, rows that open below a row, a sentence to copy.

// What draws charts is thirty times as long as all else: it is fetched when the tables have been painted.
const waiting = new PerformanceObserver(() => {
  waiting.disconnect();
  import("./charts.js");
});
waiting.observe({ type: "paint", buffered: true });

// The name of an area opens the rows below it, and closes them; without this script it leads to its figures.
for (const link of document.querySelectorAll("a.opens")) link.setAttribute("aria-expanded", "false");
document.addEventListener("click", async event => {
  const link = event.target.closest?.("a.opens");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const row = link.closest("tr");
  if (link.getAttribute("aria-expanded") === "true") {
    link.setAttribute("aria-expanded", "false");
    close(row.dataset.key);
    return;
  }
  if (link.dataset.busy) return;
  link.dataset.busy = "1";
  const answer = await fetch(link.dataset.rows, { headers: { "HX-Request": "true" } }).catch(() => null);
  delete link.dataset.busy;
  if (!answer?.ok) return location.assign(link.href);
  const found = new DOMParser().parseFromString(`<table><tbody>${await answer.text()}</tbody></table>`, "text/html");
  row.after(...found.querySelectorAll("tr"));
  link.setAttribute("aria-expanded", "true");
  for (const each of document.querySelectorAll("a.opens:not([aria-expanded])")) each.setAttribute("aria-expanded", "false");
});

function close(key) {
  for (const row of document.querySelectorAll(`tr[data-under="${CSS.escape(key)}"]`)) {
    close(row.dataset.key);
    row.remove();
  }
}

// The sentence is copied; where the browser does not let it, it is selected.
const copy = document.getElementById("copy"), sentence = document.getElementById("sentence");
if (copy) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(sentence.textContent);
      copy.querySelector("span").textContent = copy.dataset.done;
    } catch {
      getSelection().selectAllChildren(sentence);
    }
  });
}

// One list of choices is open at a time, and closes by Escape.
const picks = () => document.querySelectorAll("details.pick[open]");
document.addEventListener("click", event => picks().forEach(each => each.contains(event.target) || (each.open = false)));
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  picks().forEach(each => { each.open = false; each.querySelector("summary").focus(); });
});
