// The share dialog: a link, snippets that show a chart or the case table in other pages, files.
(function () {
  const LIVES = [[7, "7 days"], [30, "30 days"], [90, "90 days"], [365, "a year"]];
  const THEMES = [["auto", "Light or dark"], ["light", "Light"], ["dark", "Dark"]];
  const NO_EMBEDS =
    "Editors make embeds: whoever has such a link sees what it shows without signing in. " +
    "Ask an editor, or send the link above to people who may sign in.";
  let fields = 0;

  function make(name, told, ...parts) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(told || {})) {
      if (key in made) made[key] = value;
      else made.setAttribute(key, value);
    }
    made.append(...parts);
    return made;
  }

  // A control under its label; `beside` it may stand something else.
  function labelled(label, control, hint, ...beside) {
    control.id = `share-field-${(fields += 1)}`;
    const line = beside.length ? make("div", { className: "share-line" }, control, ...beside) : control;
    const parts = [make("label", { htmlFor: control.id }, label), line];
    if (hint) {
      const told = make("p", { className: "secondary", id: `${control.id}-hint` }, hint);
      control.setAttribute("aria-describedby", told.id);
      parts.push(told);
    }
    return make("div", { className: "share-field" }, ...parts);
  }

  function choice(options, chosen) {
    const all = options.map(([value, label]) => make("option", { value: value }, label));
    const made = make("select", {}, ...all);
    made.value = chosen;
    return made;
  }

  async function copy(control, button) {
    let said = "Copied";
    try {
      await navigator.clipboard.writeText(control.value);
    } catch (error) {
      control.select();
      said = "Press Ctrl+C"; // the browser lets no page copy
    }
    button.textContent = said;
    window.setTimeout(() => (button.textContent = "Copy"), 2500);
  }

  // A text to take along: one line, or with `rows` more.
  function copied(label, text, rows) {
    const control = rows
      ? make("textarea", { rows: rows, readOnly: true, spellcheck: false, value: text })
      : make("input", { type: "text", readOnly: true, value: text });
    const button = make("button", { type: "button", title: label, "aria-live": "polite" }, "Copy");
    button.addEventListener("click", () => copy(control, button));
    return labelled(label, control, "", button);
  }

  function pageLink() {
    const url = new URL(window.location.href);
    // The bare table opens with the reader's own View: the link says what is meant.
    if (url.pathname === "/cases" && !url.search) url.search = "?state=open";
    return url.href;
  }

  function snippets(made, name) {
    const quoted = name.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
    const size = `width="${made.width}" height="${made.height}"`;
    const frame =
      `<iframe src="${made.url}" title="${quoted}" ${size} loading="lazy" ` +
      `style="border: 1px solid #ccc; border-radius: 10px; max-width: 100%"></iframe>`;
    const parts = [copied("Frame: moves with the data", frame, 4)];
    if (made.kind === "chart") {
      const image = `<img src="${made.url}.png" alt="${quoted}" ${size}>`;
      parts.push(copied("Image: for mails and documents", image, 3));
    }
    const until = made.expires_at.slice(0, 10);
    const told = make("p", { className: "secondary" },
      `It is good until ${until}. Whoever has it sees what it shows without signing in; `,
      make("a", { href: "/tokens#embeds-shown" }, "take it back"), " at any time.");
    return [...parts, told];
  }

  function origins(text) {
    return text.split(/[\s,]+/).filter(Boolean);
  }

  // The form of a new embed, and the snippets once it is made.
  function embedForm(asked) {
    const past = new URLSearchParams(asked.query).has("as_of");
    const times = past
      ? [["fixed", "Stays as it was then"]]
      : [["live", "Follows the data"], ["fixed", "Stays as it is now"]];
    const pages = make("input", { type: "text", placeholder: "https://wiki.example.com",
      autocomplete: "off", spellcheck: false, required: true });
    const lives = choice(LIVES, "30");
    const time = choice(times, times[0][0]);
    const theme = choice(THEMES, "auto");
    const fault = make("p", { className: "fault", role: "alert" });
    const done = make("div", { className: "share-made", role: "status" });
    const send = make("button", { type: "submit", className: "primary" }, "Make embed");
    const form = make("form", { className: "share-form" },
      labelled("Pages that may show it", pages,
        "Scheme and host of each, with spaces between; the path does not matter."),
      make("div", { className: "share-choices" }, labelled("It lives for", lives),
        labelled("Data", time), labelled("Theme", theme)),
      send, fault, done);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      send.disabled = true;
      fault.textContent = "";
      const what = asked.what === "cases" ? { kind: "table" } : { chart: asked.what };
      const body = { ...what, view: asked.query, ancestors: origins(pages.value), as_of: time.value,
        theme: theme.value, expires_in: Number(lives.value) * 86400 };
      try {
        const answer = await fetch("/api/v1/embeds", { method: "POST", body: JSON.stringify(body),
          headers: { "Content-Type": "application/json" } });
        const told = await answer.json();
        if (answer.status === 201) {
          done.replaceChildren(...snippets(told, asked.title));
          const first = done.querySelector("textarea");
          first.setSelectionRange(0, 0);
          first.focus();
        } else fault.textContent = told.detail;
      } catch (error) {
        fault.textContent = "The board does not answer; try again soon.";
      }
      send.disabled = false;
    });
    return form;
  }

  // Images are fetched first, so that a server that has no renderer can say so here.
  function imageLink(kind, address, fault) {
    const link = make("a", { href: address, className: "button" }, kind.toUpperCase());
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      if (link.getAttribute("aria-busy")) return;
      link.setAttribute("aria-busy", "true");
      fault.textContent = "";
      try {
        const answer = await fetch(address);
        if (answer.ok) {
          const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") || "");
          const url = URL.createObjectURL(await answer.blob());
          make("a", { href: url, download: name ? name[1] : `chart.${kind}` }).click();
          window.setTimeout(() => URL.revokeObjectURL(url), 10000);
        } else {
          const told = await answer.json().catch(() => ({}));
          fault.textContent = told.detail || "The image could not be made; try again soon.";
        }
      } catch (error) {
        fault.textContent = "The board does not answer; try again soon.";
      }
      link.removeAttribute("aria-busy");
    });
    return link;
  }

  function files(asked) {
    const fault = make("p", { className: "fault", role: "alert" });
    const table = asked.what === "cases";
    const base = table ? "/api/v1/cases" : `/api/v1/charts/${asked.what}`;
    const query = asked.query ? `?${asked.query}` : "";
    const theme = document.documentElement.dataset.bsTheme;
    const themed = `?${asked.query ? `${asked.query}&` : ""}theme=${theme}`;
    const images = table ? [] : ["png", "svg"].map((kind) =>
      imageLink(kind, `${base}.${kind}${themed}`, fault));
    const json = table ? `${base}${query}` : `${base}.json${query}`;
    return [
      make("div", { className: "row" }, ...images,
        make("a", { href: `${base}.csv${query}`, className: "button", download: "" }, "CSV"),
        make("a", { href: json, className: "button", target: "_blank", rel: "noopener" },
          "Data as JSON")),
      fault,
    ];
  }

  function open(button) {
    const { share: what, title, embeds } = button.dataset;
    const query = what === "cases" ? window.location.search.slice(1) : button.dataset.query;
    const asked = { what: what, title: title, query: query };
    const close = make("button", { type: "button", className: "quiet round", title: "Close" }, "×");
    close.setAttribute("aria-label", "Close");
    const section = (label, ...parts) => make("section", {}, make("h3", {}, label), ...parts);
    const dialog = make("dialog", { id: "share" },
      make("header", {}, make("h2", { id: "share-title", dir: "auto" }, `Share: ${title}`), close),
      section("Link", copied("For people who may sign in", pageLink())),
      section("In other pages", embeds === "yes"
        ? embedForm(asked)
        : make("p", { className: "secondary", id: "share-why-not" }, NO_EMBEDS)),
      section("Files", ...files(asked)));
    dialog.setAttribute("aria-labelledby", "share-title");
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      button.focus();
    });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("input").focus();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-share]");
    if (button) open(button);
  });
})();
