// The print button of a sheet of phone cards; without a script the browser's own menu prints it.
const button = document.querySelector("[data-print]");
button.hidden = false;
button.addEventListener("click", () => print());
