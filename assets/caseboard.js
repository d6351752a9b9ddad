// What happens in the browser alone: painting figures, following points, and small comforts.
window.dash_clientside = window.dash_clientside || {};

(function () {
  const none = () => window.dash_clientside.no_update;
  let boardVersion = null;

  // Puts a palette's colours where a figure has names such as "$accent" (see app/theme.py).
  function fill(value, palette) {
    if (Array.isArray(value)) return value.map((part) => fill(part, palette));
    if (value && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([key, part]) => [key, fill(part, palette)]),
      );
    }
    if (typeof value === "string" && value[0] === "$") return palette[value.slice(1)] || value;
    return value;
  }

  // Goes to an address as a link of Dash does, without loading the page anew.
  function go(address) {
    window.history.pushState({}, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  // The grid takes options only once it is drawn.
  function setRowHeight(height) {
    window.dash_ag_grid.getApiAsync("grid").then((api) => {
      const apply = () => api.setGridOption("rowHeight", height);
      if (api.getDisplayedRowCount() && api.getDisplayedRowAtIndex(0)) apply();
      else api.addEventListener("firstDataRendered", apply);
    });
  }

  // Adds filters ("severity=1") to the address of the page; the same again takes them away.
  function add(query) {
    if (typeof query !== "string" || !query) return;
    const url = new URL(window.location.href);
    const added = new URLSearchParams(query);
    for (const name of new Set(added.keys())) {
      const wanted = added.getAll(name);
      const same = url.searchParams.getAll(name).join("\n") === wanted.join("\n");
      url.searchParams.delete(name);
      if (same || (name === "as_of" && !wanted[0])) continue;
      wanted.forEach((value) => url.searchParams.append(name, value));
    }
    go(url.pathname + url.search);
  }

  // Opens the page that a point stands for; a case as it was at the instant looked at.
  function open(path) {
    if (path.includes("?")) return go(path);
    const here = new URL(window.location.href).searchParams;
    const kept = new URLSearchParams();
    for (const name of ["as_of", "tz"]) if (here.get(name)) kept.set(name, here.get(name));
    go(kept.toString() ? `${path}?${kept}` : path);
  }

  // An entry of a legend that stands for a filter adds it instead of hiding its line.
  function watchLegends() {
    document.querySelectorAll(".panel .js-plotly-plot").forEach((plot) => {
      if (plot.dataset.watched || !plot.on) return;
      plot.dataset.watched = "yes";
      plot.on("plotly_legendclick", (event) => {
        const meta = event.data[event.curveNumber].meta;
        if (!meta || !meta.adds) return true;
        add(meta.adds);
        return false;
      });
      plot.on("plotly_legenddoubleclick", (event) => {
        const meta = event.data[event.curveNumber].meta;
        return !(meta && meta.adds);
      });
    });
  }
  new MutationObserver(watchLegends).observe(document, { childList: true, subtree: true });

  window.dash_clientside.caseboard = {
    go: go,

    paint(figure, theme, themes) {
      if (!figure || !theme || !themes) return none();
      const filled = fill(figure, themes[theme].palette);
      return {
        data: filled.data,
        layout: { ...filled.layout, autosize: true, template: themes[theme].template },
      };
    },

    renewPanels(version, panels, shown) {
      const known = boardVersion;
      boardVersion = version;
      const renewed = version !== null && version !== known && version !== shown;
      return panels.map((panel) => (renewed ? { ...panel, version } : none()));
    },

    // A click on a point adds its filter to the address, or opens its case.
    follow(click) {
      const query = click && click.points && click.points[0] && click.points[0].customdata;
      const told = Array.isArray(query) ? query[0] : query;
      if (typeof told === "string" && told[0] === "/") open(told);
      else add(told);
      return null;
    },

    toggleTheme(clicks) {
      const root = document.documentElement;
      if (clicks && window.caseboardClicks !== clicks) {
        root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
        localStorage.setItem("caseboard-theme", root.dataset.bsTheme);
      }
      window.caseboardClicks = clicks;
      return root.dataset.bsTheme;
    },

    fold(clicks) {
      const root = document.documentElement;
      if (clicks) {
        const folded = root.dataset.rail !== "folded";
        root.dataset.rail = folded ? "folded" : "";
        localStorage.setItem("caseboard-rail", folded ? "folded" : "");
        window.dispatchEvent(new Event("resize"));
      }
      return none();
    },

    ownZone() {
      return Intl.DateTimeFormat().resolvedOptions().timeZone || none();
    },

    reloadWhen(loaded) {
      if (loaded) window.setTimeout(() => window.location.reload(), 800);
      return none();
    },

    // Dash calls this also when a page brings the button: nobody has clicked then.
    async copyLink(clicks) {
      if (!clicks) return none();
      try {
        // The bare table opens with the reader's own View: the link says what is meant.
        const url = new URL(window.location.href);
        if (url.pathname === "/cases" && !url.search) url.search = "?state=open";
        await navigator.clipboard.writeText(url.href);
        return "The link was copied.";
      } catch (error) {
        return "This browser does not let pages copy; take the address from its bar.";
      }
    },

    density(clicks) {
      const key = "caseboard-density";
      let compact = localStorage.getItem(key) === "compact";
      if (clicks) {
        compact = !compact;
        localStorage.setItem(key, compact ? "compact" : "");
      }
      if (clicks || compact) setRowHeight(compact ? 30 : 36);
      return none();
    },
  };

  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !typing) {
      const search = document.getElementById("search");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
    if (event.key === "t" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const panel = event.target.closest(".panel");
      const table = panel && panel.querySelector("details.panel-table");
      if (table) table.open = !table.open;
    }
    if (event.key === "Escape") {
      document.querySelectorAll("details.menu[open]").forEach((menu) => (menu.open = false));
    }
  });

  // A long table of a panel comes once it is opened.
  document.addEventListener(
    "toggle",
    (event) => {
      const name = event.target.dataset && event.target.dataset.panel;
      if (!name) return;
      const id = { type: "open-table", name: name };
      window.dash_clientside.set_props(id, { data: event.target.open });
    },
    true,
  );

  // A menu closes when somebody clicks elsewhere.
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target) && event.target.isConnected) menu.open = false;
    });
  });
})();
