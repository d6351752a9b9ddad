// The case table in the browser: its state in the URL, keys, copying, the detail, long files.
window.dash_clientside = window.dash_clientside || {};

(function () {
  const none = () => window.dash_clientside.no_update;
  const LAYOUT = "caseboard-grid";
  const SEVERITIES = { 1: "Urgent", 2: "High", 3: "Normal", 4: "Low" };
  const LONG_FILE = 50000;
  const SLA = { ok: "On track", at_risk: "At risk", breached: "Breached" };
  let grid = null;
  let rowCount = null;
  let wantedRow = 0;
  let boardVersion = null;

  const layout = () => JSON.parse(localStorage.getItem(LAYOUT) || '{"widths":{},"pinned":{}}');
  const hashParts = () => new URLSearchParams(window.location.hash.slice(1));
  const element = (id) => document.getElementById(id);
  const announce = (words) => window.dash_clientside.set_props("announce", { children: words });

  function keepLayout(value) {
    localStorage.setItem(LAYOUT, JSON.stringify(value));
    window.dash_clientside.set_props("views-layout", { data: value });
  }

  function replaceAddress(url) {
    window.history.replaceState(window.history.state, "", url);
  }

  // Sort and columns of the grid go into the URL, the View and the CSV link; no page is loaded.
  function keepState(changes) {
    const url = new URL(window.location.href);
    for (const [name, value, usual] of changes) {
      if (value === usual) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    url.search = url.search.replace(/%2C/g, ",");
    replaceAddress(url);
    const csv = element("csv");
    if (csv) csv.setAttribute("href", csv.getAttribute("href").split("?")[0] + url.search);
    window.dash_clientside.set_props("view", { data: url.search.slice(1) });
  }

  function keepSort(api) {
    const { sort: usual } = api.getGridOption("context");
    const told = api
      .getColumnState()
      .filter((column) => column.sort)
      .sort((a, b) => a.sortIndex - b.sortIndex)
      .map((column) => (column.sort === "desc" ? "-" : "") + column.colId)
      .join(",");
    const url = new URL(window.location.href);
    if (told) keepState([["sort", told, usual]]);
    else if (url.searchParams.has("sort")) {
      url.searchParams.delete("sort");
      window.dash_clientside.caseboard.go(url.pathname + url.search);
    }
  }

  const shownColumns = (api) =>
    api
      .getAllDisplayedColumns()
      .map((column) => column.getColId())
      .filter((id) => !id.startsWith("ag-Grid"));

  function keepColumns(api) {
    const { columns: usual } = api.getGridOption("context");
    keepState([["columns", shownColumns(api).join(","), usual]]);
  }

  function firstRow(api) {
    const range = api.getVerticalPixelRange();
    return Math.floor(range.top / (api.getSizesForCurrentTheme().rowHeight || 36));
  }

  function keepRow(api) {
    const row = Math.floor(firstRow(api));
    const parts = hashParts();
    if (row > 0) parts.set("row", row);
    else parts.delete("row");
    const url = new URL(window.location.href);
    url.hash = parts.toString();
    replaceAddress(url);
  }

  function openCase(number) {
    const address = "/cases/" + encodeURIComponent(number) + window.location.search;
    window.dash_clientside.caseboard.go(address);
  }

  function showDetail(number) {
    const panel = element("detail");
    if (!panel) return;
    if (!panel.hidden && panel.dataset.number === number) return hideDetail();
    panel.hidden = false;
    panel.dataset.number = number;
    window.dash_clientside.set_props("detail-asked", { data: number });
  }

  function hideDetail() {
    const panel = element("detail");
    if (panel) panel.hidden = true;
  }

  function onKey(event) {
    const number = event.data && event.data.number;
    const key = event.event && event.event.key;
    if (!number || event.event.ctrlKey || event.event.metaKey || event.event.altKey) return;
    if (key === "Enter") openCase(number);
    if (key === "d") showDetail(number);
    if (key === "c") copy("table");
  }

  function applyLayout(api) {
    const { widths, pinned } = layout();
    const state = shownColumns(api)
      .filter((id) => widths[id] || pinned[id])
      .map((id) => ({
        colId: id,
        ...(widths[id] ? { width: widths[id], flex: null } : {}),
        ...(pinned[id] ? { pinned: pinned[id] } : {}),
      }));
    if (state.length) api.applyColumnState({ state: state });
  }

  // The scroll bar is true as soon as the number of rows is known; the row of the address follows.
  function settle(api) {
    if (rowCount && api.getDisplayedRowCount() !== rowCount) api.setRowCount(rowCount, true);
    if (!wantedRow) return;
    if (rowCount === null && api.getDisplayedRowCount() <= wantedRow)
      api.setRowCount(wantedRow + 100, false);
    if (api.getDisplayedRowCount() > wantedRow) {
      api.ensureIndexVisible(wantedRow, "top");
      wantedRow = 0;
    }
  }

  function listen(api) {
    api.addEventListener("sortChanged", () => keepSort(api));
    api.addEventListener("columnMoved", (event) => event.finished && keepColumns(api));
    api.addEventListener("columnPinned", (event) => {
      if (event.source === "api") return;
      keepPinned(api);
    });
    api.addEventListener("columnResized", (event) => {
      if (!event.finished || event.source !== "uiColumnResized") return;
      const told = layout();
      for (const column of event.columns) told.widths[column.getColId()] = column.getActualWidth();
      keepLayout(told);
    });
    api.addEventListener("modelUpdated", () => window.setTimeout(() => settle(api)));
    api.addEventListener("bodyScrollEnd", () => wantedRow || keepRow(api));
    api.addEventListener("cellKeyDown", onKey);
    api.addEventListener("selectionChanged", () => {
      const chosen = api.getSelectedRows().length;
      element("copy").textContent = chosen ? "Copy " + chosen : "Copy";
    });
    api.addEventListener("cellFocused", (event) => {
      const panel = element("detail");
      const node = event.rowIndex == null ? null : api.getDisplayedRowAtIndex(event.rowIndex);
      if (panel && !panel.hidden && node && node.data && panel.dataset.number !== node.data.number)
        showDetail(node.data.number);
    });
  }

  function keepPinned(api) {
    const told = layout();
    told.pinned = {};
    for (const column of api.getColumnState())
      if (column.pinned && !column.colId.startsWith("ag-Grid")) told.pinned[column.colId] = column.pinned;
    keepLayout(told);
  }

  // What stands in a cell, as text: a spreadsheet must not take it for a formula.
  const inert = (words) => (/^[=+\-@\t\r\n＝＋－＠]/.test(words) ? "'" + words : words);

  function cellText(column, value) {
    if (value == null) return "";
    if (column === "severity") return SEVERITIES[value] || "";
    if (column === "sla") return SLA[value] || "";
    if (typeof value === "number") return String(value);
    return inert(String(value)).replace(/[\t\r\n]+/g, " ");
  }

  const escapeHtml = (words) =>
    words.replace(/[&<>"']/g, (sign) => "&#" + sign.charCodeAt(0) + ";");
  const escapeMarkdown = (words) => words.replace(/[\\`*_{}[\]()#+|<>!~-]/g, "\\$&");

  function chosenRows() {
    const chosen = grid.getSelectedRows();
    if (chosen.length) return chosen;
    const rows = [];
    const range = grid.getVerticalPixelRange();
    grid.forEachNode((node) => {
      if (node.data && node.rowTop + node.rowHeight > range.top && node.rowTop < range.bottom)
        rows.push(node.data);
    });
    return rows;
  }

  function asTable(rows) {
    const columns = shownColumns(grid);
    const heads = columns.map((id) => grid.getColumnDef(id).headerName);
    const cells = rows.map((row) => columns.map((id) => cellText(id, row[id])));
    const line = (tag, parts) =>
      "<tr>" + parts.map((part) => `<${tag}>${escapeHtml(part)}</${tag}>`).join("") + "</tr>";
    return {
      plain: [heads, ...cells].map((parts) => parts.join("\t")).join("\n"),
      html:
        "<table><thead>" + line("th", heads) + "</thead><tbody>" +
        cells.map((parts) => line("td", parts)).join("") + "</tbody></table>",
    };
  }

  function asMarkdown(rows) {
    const columns = shownColumns(grid).filter((id) => id !== "number" && id !== "summary");
    const plain = rows
      .map((row) => {
        const link = `${window.location.origin}/cases/${encodeURIComponent(row.number)}`;
        const rest = columns.map((id) => cellText(id, row[id])).filter(Boolean).map(escapeMarkdown);
        const words = row.summary ? " " + escapeMarkdown(cellText("summary", row.summary)) : "";
        return `- [${escapeMarkdown(row.number)}](${link})${words}${rest.length ? " (" + rest.join(", ") + ")" : ""}`;
      })
      .join("\n");
    return { plain: plain };
  }

  async function copy(kind) {
    const rows = chosenRows();
    const told = kind === "table" ? asTable(rows) : asMarkdown(rows);
    try {
      const parts = { "text/plain": new Blob([told.plain], { type: "text/plain" }) };
      if (told.html) parts["text/html"] = new Blob([told.html], { type: "text/html" });
      await navigator.clipboard.write([new ClipboardItem(parts)]);
      announce(`${rows.length} rows were copied.`);
      toast(`${rows.length} rows were copied.`);
    } catch (error) {
      toast("This browser does not let pages copy; use the CSV instead.");
    }
  }

  function toast(words, action) {
    let box = element("toast");
    if (!box) {
      box = document.createElement("div");
      box.id = "toast";
      box.setAttribute("role", "status");
      document.body.append(box);
    }
    box.replaceChildren(words, ...(action ? [action] : []));
    box.hidden = false;
    window.clearTimeout(box.timer);
    if (!action) box.timer = window.setTimeout(() => (box.hidden = true), 4000);
  }

  // A long file comes with its progress in rows; a short one is left to the browser.
  async function download(link, total) {
    const stop = new AbortController();
    const cancel = document.createElement("button");
    cancel.textContent = "Cancel";
    cancel.addEventListener("click", () => stop.abort());
    const tell = (rows) =>
      toast(`CSV: about ${rows.toLocaleString("en")} of ${total.toLocaleString("en")} rows `, cancel);
    try {
      tell(0);
      const answer = await fetch(link.href, { signal: stop.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") || "");
      const parts = [];
      let lines = 0;
      let told = 0;
      const reader = answer.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        parts.push(part.value);
        for (const byte of part.value) if (byte === 10) lines += 1;
        if (performance.now() - told > 200) tell(Math.min(lines, total));
        if (performance.now() - told > 200) told = performance.now();
      }
      const file = document.createElement("a");
      file.href = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
      file.download = name ? name[1] : "cases.csv";
      file.click();
      URL.revokeObjectURL(file.href);
      toast(`The CSV with ${total.toLocaleString("en")} rows is complete.`);
    } catch (error) {
      toast(
        error.name === "AbortError"
          ? "The CSV was cancelled."
          : "The CSV broke off and was not saved. Try again in a moment.",
      );
    }
  }

  // Columns: chosen, moved and pinned in the list, then shown all at once.
  function columnAct(row, act) {
    const name = row.querySelector(".column-name");
    if (act === "choose") {
      row.dataset.chosen = row.dataset.chosen === "yes" ? "no" : "yes";
      name.setAttribute("aria-checked", String(row.dataset.chosen === "yes"));
    }
    if (act === "up" && row.previousElementSibling) row.previousElementSibling.before(row);
    if (act === "down" && row.nextElementSibling) row.nextElementSibling.after(row);
    if (act === "pin" && grid) {
      const id = row.dataset.column;
      const column = grid.getColumn(id);
      if (column) grid.setColumnsPinned([id], column.isPinned() ? null : "left");
      keepPinned(grid);
    }
  }

  function showColumns(names) {
    if (!names.length) return toast("Choose at least one column.");
    const url = new URL(window.location.href);
    const { columns: usual } = grid.getGridOption("context");
    if (names.join(",") === usual) url.searchParams.delete("columns");
    else url.searchParams.set("columns", names.join(","));
    const search = url.search.replace(/%2C/g, ",");
    window.dash_clientside.caseboard.go(url.pathname + search);
    return none();
  }

  // A link to another selection keeps the order and the columns that are on screen.
  function carried(href) {
    const here = new URL(window.location.href);
    const there = new URL(href, here);
    for (const name of ["sort", "columns"]) {
      const value = here.searchParams.get(name);
      if (value) there.searchParams.set(name, value);
      else there.searchParams.delete(name);
    }
    there.search = there.search.replace(/%2C/g, ",");
    return there.pathname + there.search;
  }

  function chooseView(link) {
    const told = JSON.parse(link.dataset.layout || "null");
    if (told && told.widths && Object.keys(told.widths).length + Object.keys(told.pinned).length)
      keepLayout(told);
    window.dash_clientside.set_props("base-view", { data: link.dataset.view });
    const address = link.getAttribute("href");
    if (address === window.location.pathname + window.location.search) {
      document.querySelectorAll("details.menu[open]").forEach((menu) => (menu.open = false));
    } else window.dash_clientside.caseboard.go(address);
  }

  const plain = (event) => !(event.metaKey || event.ctrlKey || event.shiftKey || event.button);

  document.addEventListener(
    "click",
    (event) => {
      const at = (selector) => event.target.closest(selector);
      const view = at("a[data-view]");
      const link = at(".filterbar .chips a, .facets a, .table-note a");
      if ((view || link) && plain(event)) {
        event.preventDefault();
        event.stopPropagation();
        if (view) chooseView(view);
        else window.dash_clientside.caseboard.go(carried(link.getAttribute("href")));
      }
    },
    true,
  );

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    const row = at("#column-list li");
    if (row) columnAct(row, at("[data-act]") ? at("[data-act]").dataset.act : "choose");
    if (at("#columns-apply"))
      showColumns(
        [...document.querySelectorAll("#column-list li[data-chosen=yes]")].map(
          (item) => item.dataset.column,
        ),
      );
    if (at("#columns-usual")) {
      localStorage.removeItem(LAYOUT);
      showColumns(grid.getGridOption("context").columns.split(","));
    }
    if (at("[data-copy]")) copy(at("[data-copy]").dataset.copy);
    if (at("#detail-close")) hideDetail();
    if (at("#help-open")) element("help").showModal();
    if (at("#help-close")) element("help").close();
    const csv = at("#csv");
    const total = Number(csv && csv.dataset.rows);
    if (csv && plain(event) && total > LONG_FILE) {
      event.preventDefault();
      download(csv, total);
    }
  });

  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "?" && !typing && element("help")) element("help").showModal();
    if (event.key === "Escape") hideDetail();
  });

  window.dash_clientside.desk = {
    attach() {
      window.dash_clientside.set_props("views-layout", { data: layout() });
      const chosen = hashParts().get("view");
      if (chosen) window.dash_clientside.set_props("base-view", { data: chosen });
      if (!grid || grid.isDestroyed()) rowCount = null;
      window.dash_ag_grid.getApiAsync("grid").then((api) => {
        if (api === grid) return;
        grid = api;
        applyLayout(api);
        listen(api);
        wantedRow = Number(hashParts().get("row")) || 0;
        settle(api);
      });
      return none();
    },

    setRowCount(count) {
      if (typeof count !== "number") return none();
      const csv = element("csv");
      if (csv) csv.dataset.rows = count;
      rowCount = count;
      if (grid) settle(grid);
      return none();
    },

    // New data: the rows are read again where the reader stands; count and facets follow.
    renew(version, query, shown) {
      const known = boardVersion;
      boardVersion = version;
      const now = !new URLSearchParams(query || "").has("as_of");
      const old = version === null || version === known || version === shown;
      if (old || typeof query !== "string" || !now) return none();
      if (grid && !grid.isDestroyed()) grid.refreshInfiniteCache();
      return query.endsWith("&") ? query.slice(0, -1) : query + "&";
    },

    toggleFacets(clicks) {
      if (!clicks) return none();
      return element("facets").hidden;
    },

    // The panel may also be open because it was when the reader was last here.
    tellFacets(hidden) {
      return hidden ? "false" : "true";
    },

    showDetail: showDetail,

    // The form of filters, set to a column's field.
    filterBy(name) {
      window.dash_clientside.set_props("filter-name", { value: name });
      const menu = element("filter-menu");
      if (menu) window.setTimeout(() => (menu.open = true));
      if (menu) menu.scrollIntoView({ block: "nearest" });
    },
  };
})();
