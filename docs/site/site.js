// What scrolls can be reached by keyboard, and titles in the contents say of which rank they are.
addEventListener("DOMContentLoaded", () => {
  for (const part of document.querySelectorAll(".table-wrapper, pre")) part.tabIndex = 0;
  for (const title of document.querySelectorAll("[role=heading]:not([aria-level])")) {
    title.ariaLevel = "2";
  }
});
