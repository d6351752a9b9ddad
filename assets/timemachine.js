// The slider of days: tells the day while it moves, and turns everything to it when it rests.
(function () {
  const MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ];
  // Somebody who goes on with the arrow keys wants the day where they stop.
  const PATIENCE_MILLISECONDS = 400;
  let waiting = null;
  let focused = false;

  function dayOf(slider) {
    const day = new Date(`${document.getElementById("machine").dataset.first}T00:00:00Z`);
    day.setUTCDate(day.getUTCDate() + Number(slider.value));
    return day;
  }

  function tell(slider) {
    const day = dayOf(slider);
    const words = `${day.getUTCDate()} ${MONTHS[day.getUTCMonth()]} ${day.getUTCFullYear()}`;
    const now = Number(slider.value) === Number(slider.max);
    const told = now ? "Now" : `End of ${words}`;
    slider.setAttribute("aria-valuetext", told);
    document.getElementById("as-of-told").textContent = told;
  }

  const isSlider = (element) => element && element.id === "as-of-range";

  document.addEventListener("input", (event) => {
    if (isSlider(event.target)) tell(event.target);
  });

  document.addEventListener("change", (event) => {
    if (!isSlider(event.target)) return;
    const slider = event.target;
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => {
      focused = isSlider(document.activeElement);
      const day = dayOf(slider).toISOString().slice(0, 10);
      window.dash_clientside.set_props("as-of-day", { data: day });
    }, PATIENCE_MILLISECONDS);
  });

  // The page that comes has a slider of its own: it takes over name and focus.
  new MutationObserver(() => {
    const slider = document.getElementById("as-of-range");
    if (!slider || slider.dataset.told) return;
    slider.dataset.told = "yes";
    slider.setAttribute("aria-valuetext", document.getElementById("as-of-told").textContent);
    if (focused) slider.focus({ preventScroll: true });
    focused = false;
  }).observe(document, { childList: true, subtree: true });
})();
