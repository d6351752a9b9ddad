// The story of a case: kinds of events shown, and links to single events.
(function () {
  const KEY = "caseboard-kinds";
  const hidden = () => new Set((sessionStorage.getItem(KEY) || "").split(" ").filter(Boolean));

  function apply() {
    const now = hidden();
    for (const chip of document.querySelectorAll(".kind")) {
      const off = now.has(chip.dataset.kind);
      const told = String(!off);
      if (chip.getAttribute("aria-pressed") !== told) chip.setAttribute("aria-pressed", told);
    }
    const list = document.getElementById("story");
    const told = [...now].map((kind) => "without-" + kind).join(" ");
    if (list && list.className !== told) list.className = told;
  }

  function goTo(anchor) {
    const entry = document.getElementById(anchor);
    if (!entry || !entry.classList.contains("event")) return false;
    for (const kind of hidden())
      if (entry.classList.contains("event-" + kind)) toggle(kind);
    document.querySelectorAll(".event.meant").forEach((other) => other.classList.remove("meant"));
    entry.classList.add("meant");
    entry.scrollIntoView({ block: "center" });
    return true;
  }

  function toggle(kind) {
    const now = hidden();
    if (!now.delete(kind)) now.add(kind);
    sessionStorage.setItem(KEY, [...now].join(" "));
    apply();
  }

  // The page comes after the address: wait for the event that it names, once per address.
  let followed = "";
  new MutationObserver(() => {
    if (!document.getElementById("story")) return;
    apply();
    const address = window.location.pathname + window.location.hash;
    const anchor = decodeURIComponent(window.location.hash.slice(1));
    if (!anchor || followed === address) return;
    if (goTo(anchor)) {
      followed = address;
      return;
    }
    const all = document.getElementById("story-all");
    if (all && /^(change|portal|jira)-/.test(anchor) && all.dataset.asked !== anchor) {
      all.dataset.asked = anchor;
      all.click();
    }
  }).observe(document, { childList: true, subtree: true });

  document.addEventListener("click", (event) => {
    const chip = event.target.closest(".kind");
    if (chip) toggle(chip.dataset.kind);
    const when = event.target.closest("a.when");
    if (when) window.setTimeout(() => goTo(decodeURIComponent(window.location.hash.slice(1))));
  });
})();
