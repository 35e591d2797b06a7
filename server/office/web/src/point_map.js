// The map beside a field for a position: one click on it is the position.
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import "./map.css";
import { boundsOf, drawAreas } from "./borders.js";

const COUNTY = [39.36, 114.69]; // the seat of Laiyuan County, where no border says more

export async function open(button) {
  const field = document.getElementById(button.dataset.pick);
  const answer = await fetch("/office/borders").catch(() => null);
  if (!answer?.ok) return false;
  const { areas, words } = await answer.json();
  const box = Object.assign(document.createElement("div"), { className: "map pick" });
  const head = document.createElement("p"), canvas = document.createElement("div");
  const shut = Object.assign(document.createElement("button"), { type: "button", className: "plain", textContent: words.close });
  head.append(areas.length ? words.hint : words.away, shut);
  box.append(head, canvas);
  button.after(box);
  const map = L.map(canvas, { attributionControl: false, zoomSnap: 0.5, maxZoom: 19 });
  shut.onclick = () => { map.remove(); box.remove(); button.setAttribute("aria-expanded", "false"); button.focus(); };
  const here = field.value.trim().split(/\s+/).slice(0, 2).map(Number);
  const isThere = here.length === 2 && here.every(Number.isFinite);
  if (isThere) map.setView(here, 16);
  else if (areas.length) map.fitBounds(boundsOf(L, areas).pad(0.05));
  else map.setView(COUNTY, 10);
  drawAreas(L, map, areas);
  L.control.scale({ imperial: false }).addTo(map);
  const icon = L.divIcon({ className: "", html: Object.assign(document.createElement("i"), { className: "open" }), iconSize: [14, 14] });
  let mark = isThere ? L.marker(here, { icon }).addTo(map) : null;
  map.on("click", ({ latlng }) => {
    mark = (mark ?? L.marker(latlng, { icon }).addTo(map)).setLatLng(latlng);
    field.value = `${latlng.lat.toFixed(6)} ${latlng.lng.toFixed(6)}`;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return true;
}
