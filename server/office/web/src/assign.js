// The form that assigns a case: a limit by one touch, and one handler of two lists.
const offer = () => document.querySelectorAll(".days").forEach(days => { days.hidden = false; });
offer();
document.addEventListener("htmx:afterSettle", offer);

document.addEventListener("click", event => {
  const chip = event.target.closest("[data-day]");
  if (!chip) return;
  document.getElementById(chip.dataset.for).value = chip.dataset.day;
  for (const each of chip.parentElement.children) each.setAttribute("aria-pressed", String(each === chip));
});

document.addEventListener("input", event => {
  for (const chip of document.querySelectorAll(`[data-for="${CSS.escape(event.target.id || "-")}"]`)) {
    chip.setAttribute("aria-pressed", String(chip.dataset.day === event.target.value));
  }
});

// Whoever is chosen in one list is not chosen in the other.
document.addEventListener("change", event => {
  const { form, name } = event.target;
  if (name === "other" && event.target.value) for (const each of form.querySelectorAll("[name=assignee]")) each.checked = false;
  if (name === "assignee" && form.other) form.other.value = "";
});
