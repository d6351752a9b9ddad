// The index of accounts and engineers: its order stands in the address, behind the "#".
window.dash_clientside = window.dash_clientside || {};

(function () {
  const NAME = "sort=";
  const USUAL = "-open_cases";

  function told() {
    const text = decodeURIComponent(window.location.hash.slice(1));
    if (!text.startsWith(NAME)) return [];
    return text
      .slice(NAME.length)
      .split(",")
      .filter(Boolean)
      .map((part, index) => ({
        colId: part.replace(/^-/, ""),
        sort: part[0] === "-" ? "desc" : "asc",
        sortIndex: index,
      }));
  }

  function write(api) {
    const parts = api
      .getColumnState()
      .filter((column) => column.sort)
      .sort((one, other) => one.sortIndex - other.sortIndex)
      .map((column) => (column.sort === "desc" ? "-" : "") + column.colId);
    const asBefore = parts.join() === USUAL;
    const hash = parts.length && !asBefore ? "#" + NAME + parts.join(",") : "";
    const { pathname, search } = window.location;
    window.history.replaceState(window.history.state, "", pathname + search + hash);
  }

  window.dash_clientside.who = {
    async attach(rows, links) {
      if (!rows || !links) return window.dash_clientside.no_update;
      const api = await window.dash_ag_grid.getApiAsync("who-grid");
      // Where numbers lead moves on with the instant, as the numbers do.
      api.caseboardLinks = links;
      api.refreshCells({ force: true });
      api.setGridOption("loading", false);
      if (!api.caseboardAttached) {
        api.caseboardAttached = true;
        if (told().length) api.applyColumnState({ state: told(), defaultState: { sort: null } });
        api.addEventListener("sortChanged", () => write(api));
      }
      return window.dash_clientside.no_update;
    },
  };
})();
