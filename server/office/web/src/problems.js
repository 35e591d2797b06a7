// The problems desk: the button names the choice, and the keys J and K go through the list.
const form = document.querySelector("form.choose");
if (form) {
  const button = form.querySelector("[data-choose]"), groups = [...form.querySelectorAll("fieldset")];
  const show = () => {
    const picked = groups.map(group => group.querySelector("input[type=radio]:checked"));
    for (const radio of form.querySelectorAll("input[type=radio]")) {
      radio.closest(".value").classList.toggle("is-picked", radio.checked);
    }
    const own = radio => [...radio.closest(".own").querySelectorAll("input[type=text]")].map(input => input.value.trim()).filter(Boolean).join("、");
    const words = picked.map(radio => radio && ("own" in radio.dataset ? own(radio) : radio.dataset.words));
    button.disabled = words.some(word => !word);
    if (!button.disabled && words.length === 1) button.textContent = button.dataset.choose.replace("{}", words[0].slice(0, 40));
  };
  form.addEventListener("input", event => {
    if (event.target.type === "text") event.target.closest(".own").querySelector("[data-own]").checked = true;
    show();
  });
  show();
}
document.querySelector("#refused")?.focus();

document.addEventListener("keydown", event => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=radio]), select, textarea")) return;
  const key = event.key.toLowerCase();
  if (key !== "j" && key !== "k") return;
  const rows = [...document.querySelectorAll(".queue [data-row]")];
  const at = rows.findIndex(row => row.getAttribute("aria-current"));
  rows[at + (key === "j" ? 1 : -1)]?.click();
});
