// The list of a ledger: its map brings Leaflet when it is opened, and the choice is kept.
const toggle = async isOpen => (await import("./map.js")).toggle(isOpen);

document.addEventListener("click", event => {
  if (event.target.closest("[data-map]")) toggle();
});
function shown() {
  document.querySelectorAll("[data-map]").forEach(each => (each.hidden = false));
  document.querySelectorAll(".filters .apply").forEach(each => (each.hidden = true)); // a change applies itself
}
document.addEventListener("htmx:afterSwap", shown);
shown();
if (document.querySelector(".split [data-map]") && localStorage.getItem("map open") && matchMedia("(min-width: 1400px)").matches) toggle(true);
