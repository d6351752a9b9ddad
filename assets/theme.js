// Sets the theme before the first paint: what was chosen here before, else what the system prefers.
(function () {
  const stored = localStorage.getItem("caseboard-theme");
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.bsTheme = stored || (dark ? "dark" : "light");
  if (localStorage.getItem("caseboard-rail") === "folded") {
    document.documentElement.dataset.rail = "folded";
  }
})();
