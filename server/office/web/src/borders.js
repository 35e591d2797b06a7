// Where villages end, drawn under what a map shows, each with its name.
export function drawAreas(L, map, areas) {
  for (const { name, rings } of areas) {
    L.polygon(rings, { className: "border", weight: 1.5, interactive: false })
      .bindTooltip(Object.assign(document.createElement("span"), { textContent: name }), { permanent: true, direction: "center", className: "village" })
      .addTo(map);
  }
}

export const boundsOf = (L, areas) => L.latLngBounds(areas.flatMap(each => each.rings.flat(2)));
