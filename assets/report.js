// The weekly report: copying it in three forms, and printing the page.
(function () {
  const SAID = {
    rich: "The report was copied; paste it into a mail or a document.",
    markdown: "The report was copied as Markdown.",
    html: "The source of the HTML mail was copied.",
  };

  function say(words) {
    const box = document.getElementById("announce");
    if (box) box.textContent = words;
    let toast = document.getElementById("toast");
    if (!toast) {
      toast = document.createElement("div");
      toast.id = "toast";
      toast.setAttribute("role", "status");
      document.body.append(toast);
    }
    toast.replaceChildren(words);
    toast.hidden = false;
    window.clearTimeout(toast.timer);
    toast.timer = window.setTimeout(() => (toast.hidden = true), 4000);
  }

  async function written(form, query, kind) {
    const answer = await fetch(`/api/v1/report.${form}?${query}`);
    if (!answer.ok) throw new Error(answer.status);
    return new Blob([await answer.text()], { type: kind });
  }

  // The clipboard takes promises, so that the click still counts as the reader's wish.
  function parts(kind, query) {
    if (kind === "rich")
      return {
        "text/html": written("rich", query, "text/html"),
        "text/plain": written("txt", query, "text/plain"),
      };
    return { "text/plain": written(kind === "html" ? "html" : "md", query, "text/plain") };
  }

  async function copy(button) {
    const { reportCopy: kind, query } = button.dataset;
    const told = parts(kind, query);
    try {
      await Promise.all(Object.values(told));
    } catch (error) {
      say("The report could not be read; reload the page and try again.");
      return;
    }
    try {
      await navigator.clipboard.write([new ClipboardItem(told)]);
      say(SAID[kind]);
    } catch (error) {
      say("This browser does not let pages copy; use the address /api/v1/report.md instead.");
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-report-copy]");
    if (button) copy(button);
    if (event.target.closest("[data-print]")) window.print();
  });
})();
