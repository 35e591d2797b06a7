// The tree of areas: opened step by step, walked by arrows; without a script its links open each area's page.
const tree = document.querySelector("[role=tree]");
const items = () => [...tree.querySelectorAll("[role=treeitem]")].filter(item => item.offsetParent !== null);
const linkOf = item => item.querySelector(":scope > .node a");
const select = item => {
  items().forEach(each => { linkOf(each).tabIndex = each === item ? 0 : -1; });
  linkOf(item).focus();
};

async function open(item) {
  if (item.getAttribute("aria-expanded") !== "false") return;
  if (!item.querySelector(":scope > ul")) {
    const answer = await fetch(`/office/admin/areas/${item.dataset.code}/children`).catch(() => null);
    if (!answer?.ok || !answer.headers.get("Content-Type")?.startsWith("text/html")) { linkOf(item).click(); return; }
    const group = document.createElement("ul");
    group.setAttribute("role", "group");
    const found = new DOMParser().parseFromString(`<ul>${await answer.text()}</ul>`, "text/html");
    group.append(...found.querySelector("ul").children);
    group.querySelectorAll(".node a").forEach(link => { link.tabIndex = -1; });
    item.append(group);
  }
  item.setAttribute("aria-expanded", "true");
}
const close = item => item.setAttribute("aria-expanded", "false");
const parentOf = item => item.parentElement.closest("[role=treeitem]");

let typed = "", typedAt = 0;
function find(key) {
  typed = Date.now() - typedAt > 800 ? key : typed + key;
  typedAt = Date.now();
  const all = items(), from = all.indexOf(document.activeElement.closest("[role=treeitem]"));
  const found = [...all.slice(from + (typed.length === 1 ? 1 : 0)), ...all].find(item => linkOf(item).textContent.startsWith(typed));
  if (found) select(found);
}

if (tree) {
  const here = tree.querySelector("[aria-selected=true]") ?? items()[0];
  tree.querySelectorAll(".node a").forEach(link => { link.tabIndex = -1; });
  if (here) { linkOf(here).tabIndex = 0; here.scrollIntoView({ block: "nearest" }); }
  tree.addEventListener("click", event => {
    if (!event.target.classList.contains("twist")) return;
    const item = event.target.closest("[role=treeitem]");
    item.getAttribute("aria-expanded") === "true" ? close(item) : open(item);
  });
  tree.addEventListener("keydown", async event => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const item = event.target.closest("[role=treeitem]"), all = items(), at = all.indexOf(item);
    const isOpen = item.getAttribute("aria-expanded") === "true";
    const steps = {
      ArrowDown: () => all[at + 1] && select(all[at + 1]),
      ArrowUp: () => all[at - 1] && select(all[at - 1]),
      Home: () => select(all[0]),
      End: () => select(all.at(-1)),
      ArrowRight: () => isOpen ? all[at + 1] && parentOf(all[at + 1]) === item && select(all[at + 1]) : open(item),
      ArrowLeft: () => isOpen ? close(item) : parentOf(item) && select(parentOf(item)),
    };
    if (steps[event.key]) { event.preventDefault(); await steps[event.key](); }
    else if (event.key.length === 1 && event.key !== " ") find(event.key);
  });
}
