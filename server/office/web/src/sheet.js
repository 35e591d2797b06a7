// The sheet is printed by its button; without a script, by the browser's menu.
const print = document.getElementById("print");
print.hidden = false;
print.addEventListener("click", () => window.print());
