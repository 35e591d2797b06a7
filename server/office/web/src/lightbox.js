// Photos as large as the window: ← → Esc, turned, and as they were sent.
export function enlarge(link) {
  const all = [...link.closest(".photos").querySelectorAll("a")], words = link.closest(".photos").dataset.words.split("|");
  const box = document.createElement("dialog"), image = new Image(), told = document.createElement("span");
  let at = all.indexOf(link), turned = 0;
  const figure = document.createElement("figure"), caption = document.createElement("figcaption");
  const [turn, original, shut] = words.map(word => Object.assign(document.createElement("button"), { type: "button", textContent: word }));
  const go = step => {
    at = (at + step + all.length) % all.length;
    turned = 0;
    image.className = "";
    image.src = all[at].href;
    image.alt = all[at].querySelector("img").alt;
    told.textContent = `${at + 1} / ${all.length} ${all[at].parentElement.querySelector("figcaption").textContent}`;
  };
  turn.onclick = () => (image.className = `t${(turned = (turned + 1) % 4)}`);
  original.onclick = () => open(all[at].href, "_blank", "noopener");
  shut.onclick = () => box.close();
  box.className = "lightbox";
  box.onkeydown = event => ({ ArrowLeft: () => go(-1), ArrowRight: () => go(1) })[event.key]?.();
  box.onclose = () => (box.remove(), link.focus());
  caption.append(told, turn, original, shut);
  figure.append(image, caption);
  box.append(figure);
  document.body.append(box);
  go(0);
  box.showModal();
}

// A photo that cannot be read says so, and leads to what was sent; never a broken image.
document.addEventListener("error", event => {
  const link = event.target.matches?.(".photos img") && event.target.closest("a");
  if (!link) return;
  const said = Object.assign(document.createElement("p"), { textContent: link.closest(".photos").dataset.broken ?? event.target.alt });
  link.closest("figure").classList.add("missing");
  if (link.dataset.original) said.replaceChildren(Object.assign(document.createElement("a"), { href: link.dataset.original, textContent: said.textContent }));
  link.replaceWith(said);
}, true);
