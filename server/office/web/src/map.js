// The map of a list: where its records are, each state by a shape of its own, and where the villages end that they lie
// in. Leaflet comes when it is opened; there are no tiles, so that nothing is asked of anybody else.
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import "./map.css";
import { drawAreas } from "./borders.js";

const aside = () => document.getElementById("map");
const element = (name, values, ...inside) => {
  const made = Object.assign(document.createElement(name), values);
  made.append(...inside);
  return made;
};
let drawn = null, marks = new Map();

export async function toggle(isOpen = aside()?.hidden) {
  const box = aside(), split = document.querySelector(".split");
  if (!box || (split && matchMedia("(max-width: 720px)").matches)) return; // beside a list there is no room on a phone
  box.hidden = !isOpen;
  split?.classList.toggle("with-map", isOpen);
  localStorage.setItem("map open", isOpen ? "1" : "");
  if (isOpen) await draw(box);
}

async function draw(box) {
  const points = document.querySelector("[data-points]").dataset.points;
  const answer = await fetch(points).catch(() => null);
  if (!answer?.ok) return;
  const { items, placed, unplaced, more, only = {}, areas = [], villages = [], words } = await answer.json();
  drawn?.remove();
  marks = new Map();
  const shut = element("button", { type: "button", className: "plain", textContent: words.close, onclick: () => toggle(false) });
  const number = (word, count, address) => {
    const text = `${word} ${count}${more ? "+" : ""}`;
    return address ? element("a", { href: address, textContent: text }) : text;
  };
  const count = element("p", {}, number(words.placed, placed, only.placed), " · ", number(words.unplaced, unplaced, only.unplaced), shut);
  const canvas = element("div", {}), legend = element("p", { className: "legend" });
  for (const [state, word] of Object.entries(words.states)) legend.append(element("span", {}, element("i", { className: state }), word));
  box.replaceChildren(count, canvas, legend);
  if (!placed) return void canvas.append(element("p", { textContent: words.none }), villagesOf(villages));
  drawn = L.map(canvas, { attributionControl: false, zoomSnap: 0.5, maxZoom: 18 });
  drawn.fitBounds(L.latLngBounds(items.map(each => each.at)).pad(0.15), { maxZoom: 16 });
  drawAreas(L, drawn, areas);
  L.control.scale({ imperial: false }).addTo(drawn);
  const taken = new Map(); // how many stand at a place already
  for (const each of items) {
    const place = each.at.map(degrees => degrees.toFixed(5)).join();
    taken.set(place, (taken.get(place) ?? -1) + 1);
    mark(each, taken.get(place));
  }
}

// Where a point is drawn from its place, in pixels: those of one place stand around the first in rings of eight.
function besideOthers(nth) {
  if (!nth) return [0, 0];
  const ring = Math.ceil(nth / 8), turn = (nth % 8) * Math.PI / 4;
  return [Math.round(Math.cos(turn) * 16 * ring), Math.round(Math.sin(turn) * 16 * ring)];
}

// Where no position is known, a number for each village stands instead.
function villagesOf(villages) {
  return element("ul", { className: "villages" }, ...villages.map(each =>
    element("li", {}, element("a", { href: each.address }, each.name, element("b", { textContent: each.count })))));
}

function mark(each, nth) {
  const [right, down] = besideOthers(nth);
  const html = element("i", { className: each.state });
  const icon = L.divIcon({ className: "", html, iconSize: [14, 14], iconAnchor: [7 - right, 7 - down] });
  const made = L.marker(each.at, { icon, title: each.label, alt: each.label, keyboard: true }).addTo(drawn);
  made.on("click", () => {
    const row = document.querySelector(`#list tr[data-id="${each.id}"] .c-place a`);
    if (row) row.click(); else location.href = each.address ?? `/office/cases/${each.id}`; // one of a later page of the list
  });
  made.on("mouseover mouseout", event => document.querySelector(`#list tr[data-id="${each.id}"]`)?.classList.toggle("hot", event.type === "mouseover"));
  marks.set(each.id, made);
}

// The map shows the list beside it: another tab or filter, or what an act has changed, is drawn anew.
document.addEventListener("htmx:afterSwap", event => {
  const box = aside();
  if (event.detail.target.id === "list" && box && !box.hidden) draw(box);
});

const heat = event => {
  const id = event.target.closest?.("#list tr[data-id]")?.dataset.id;
  for (const [each, made] of marks) made.getElement()?.classList.toggle("hot", each === id);
};
document.addEventListener("mouseover", heat);
document.addEventListener("focusin", heat);
