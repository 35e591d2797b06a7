// A position is picked on a map beside its field; without a script its latitude and longitude are typed.
const ready = () => document.querySelectorAll("[data-pick][hidden]").forEach(each => { each.hidden = false; });
ready();
document.addEventListener("htmx:load", ready);

document.addEventListener("click", async event => {
  const button = event.target.closest("[data-pick]");
  if (!button || button.getAttribute("aria-expanded") === "true") return;
  button.setAttribute("aria-expanded", "true");
  const isOpen = await import("./point_map.js").then(map => map.open(button)).catch(() => false); // Leaflet comes with it
  if (!isOpen) button.setAttribute("aria-expanded", "false");
});
