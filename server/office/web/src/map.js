// The map of a list: where its cases are, each state by a shape of its own. Leaflet comes when it is opened; there are
// no tiles, so that nothing is asked of anybody else.
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import "./map.css";

const aside = () => document.getElementById("map");
let drawn = null, marks = new Map();

export async function toggle(isOpen = aside()?.hidden) {
  const box = aside(), split = document.querySelector(".split");
  if (!box || matchMedia("(max-width: 720px)").matches) return;
  box.hidden = !isOpen;
  split?.classList.toggle("with-map", isOpen);
  localStorage.setItem("map open", isOpen ? "1" : "");
  if (isOpen) await draw(box);
}

async function draw(box) {
  const points = document.querySelector("[data-points]").dataset.points;
  const answer = await fetch(points).catch(() => null);
  if (!answer?.ok) return;
  const { items, placed, unplaced, more, words } = await answer.json();
  drawn?.remove();
  marks = new Map();
  const count = document.createElement("p"), canvas = document.createElement("div"), legend = document.createElement("p");
  const shut = Object.assign(document.createElement("button"), { type: "button", className: "plain", textContent: words.close });
  shut.onclick = () => toggle(false);
  count.append(`${words.placed} ${placed}${more ? "+" : ""} · ${words.unplaced} ${unplaced}${more ? "+" : ""}`, shut);
  legend.className = "legend";
  for (const [state, word] of Object.entries(words.states)) {
    const each = document.createElement("span"), shape = document.createElement("i");
    shape.className = state;
    each.append(shape, word);
    legend.append(each);
  }
  box.replaceChildren(count, canvas, legend);
  if (!placed) return void canvas.append(Object.assign(document.createElement("p"), { textContent: words.none }));
  drawn = L.map(canvas, { attributionControl: false, zoomSnap: 0.5, maxZoom: 18 });
  drawn.fitBounds(L.latLngBounds(items.map(each => each.at)).pad(0.15), { maxZoom: 16 });
  L.control.scale({ imperial: false }).addTo(drawn);
  for (const each of items) {
    const icon = L.divIcon({ className: "", html: Object.assign(document.createElement("i"), { className: each.state }), iconSize: [14, 14] });
    const mark = L.marker(each.at, { icon, title: each.label, alt: each.label, keyboard: true }).addTo(drawn);
    mark.on("click", () => {
      const row = document.querySelector(`#list tr[data-id="${each.id}"] .c-place a`);
      if (row) row.click(); else location.href = each.address ?? `/office/cases/${each.id}`; // one of a later page
    });
    mark.on("mouseover mouseout", event => document.querySelector(`#list tr[data-id="${each.id}"]`)?.classList.toggle("hot", event.type === "mouseover"));
    marks.set(each.id, mark);
  }
}

// The map shows the list beside it: another tab or filter, or what an act has changed, is drawn anew.
document.addEventListener("htmx:afterSwap", event => {
  const box = aside();
  if (event.detail.target.id === "list" && box && !box.hidden) draw(box);
});

document.addEventListener("mouseover", event => {
  const id = event.target.closest?.("#list tr[data-id]")?.dataset.id;
  for (const [each, mark] of marks) mark.getElement()?.classList.toggle("hot", each === id);
});
