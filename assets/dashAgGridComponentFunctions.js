// The cells and headers of the case table that are more than text.
window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
window.dashAgGridFunctions = window.dashAgGridFunctions || {};

// Texts whose first strong letter is of a script written from right to left.
window.dashAgGridFunctions.beginsRightToLeft = function (value) {
  if (typeof value !== "string") return false;
  const letter = /\p{L}/u.exec(value);
  return Boolean(letter && /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(letter[0]));
};

// Names in the order that people expect; the row without a name comes last.
window.dashAgGridFunctions.byName = function (one, other) {
  if (!one || !other) return one ? -1 : other ? 1 : 0;
  return one.localeCompare(other, undefined, { numeric: true });
};

(function () {
  const cells = window.dashAgGridComponentFunctions;
  const h = (...parts) => React.createElement(...parts);
  const SEVERITIES = { 1: "Urgent", 2: "High", 3: "Normal", 4: "Low" };
  const SLA = { ok: "On track", at_risk: "At risk", breached: "Breached" };
  const web = (address) => (/^https?:\/\//i.test(address || "") ? address : null);
  const outside = (address, words) =>
    h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, words);

  cells.CaseLink = function (props) {
    if (!props.value) return null;
    const address = "/cases/" + encodeURIComponent(props.value) + window.location.search;
    const follow = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      window.dash_clientside.caseboard.go(
        "/cases/" + encodeURIComponent(props.value) + window.location.search,
      );
    };
    const detail = (event) => {
      event.stopPropagation();
      window.dash_clientside.desk.showDetail(props.value);
    };
    return h(
      React.Fragment,
      null,
      h("button", {
        className: "expand",
        onClick: detail,
        tabIndex: -1,
        title: "Detail of the row ( d )",
        "aria-label": "Detail of " + props.value,
      }, "›"),
      h("a", { href: address, onClick: follow, tabIndex: -1 }, props.value),
    );
  };

  cells.Severity = function (props) {
    const name = SEVERITIES[props.value];
    if (!name) return null;
    return h("span", { className: "severity severity-" + props.value }, name);
  };

  cells.Sla = function (props) {
    const name = SLA[props.value];
    if (!name) return null;
    return h("span", { className: "sla sla-" + props.value }, name);
  };

  // A link that Dash follows without loading the page anew.
  const inside = (address, more, ...words) => {
    const follow = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      window.dash_clientside.caseboard.go(address);
    };
    return h("a", { href: address, onClick: follow, tabIndex: -1, ...more }, ...words);
  };

  // Browsers take "." and ".." for steps in a path, however they are written.
  const pageOf = (field, name) =>
    name.replace(/\./g, "") ? "/" + field + "s/" + encodeURIComponent(name) : null;

  // An account or engineer: leads to its page, and beside it to this table with all that have it.
  cells.Filtering = function (props) {
    if (props.value == null) return null;
    const field = props.colDef.field;
    const here = new URL(window.location.href);
    here.searchParams.delete(field);
    here.searchParams.set(field, props.value);
    const filtered = here.pathname + here.search;
    const kept = new URLSearchParams();
    for (const name of ["as_of", "tz"]) {
      const value = here.searchParams.get(name);
      if (value) kept.set(name, value);
    }
    const page = pageOf(field, props.value);
    const address = page ? page + (kept.size ? "?" + kept : "") : filtered;
    const words = "Only " + field + " " + props.value;
    return h(
      "span",
      { className: "of-whom" },
      inside(address, { dir: "auto" }, props.value),
      inside(filtered, { className: "filter-by", title: words, "aria-label": words }),
    );
  };

  // The name of a row of the index; the row without a name leads to the cases that have none.
  cells.WhoName = function (props) {
    const { field, path, query, nobody } = props.context;
    const asked = new URLSearchParams(query);
    const page = props.value && pageOf(path.slice(1, -1), props.value);
    if (page) return inside(page + (query ? "?" + query : ""), { dir: "auto" }, props.value);
    asked.set(field, props.value);
    const words = props.value || nobody;
    return inside("/cases?" + asked, { dir: "auto", className: "nobody" }, words);
  };

  // A number of a row of the index, with the rows that it counts.
  cells.WhoNumber = function (props) {
    if (props.value == null) return h("span", { className: "nothing" }, "–");
    const count = props.kind === "count";
    const words = count
      ? props.value.toLocaleString("en")
      : props.value.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    const more = { className: "counted" + (props.value ? "" : " nothing") };
    if (count) more["data-count"] = String(props.value);
    const rows = (props.api.caseboardLinks || {})[props.colDef.field];
    if (!rows) return h("span", more, words);
    const asked = new URLSearchParams({ [props.context.field]: props.data.name });
    return h("span", more, inside(rows + "&" + asked, {}, words));
  };

  cells.Card = function (props) {
    const place = web(props.context && props.context.cards);
    if (!props.value || !place) return props.value || null;
    return outside(place + encodeURIComponent(props.value), props.value);
  };

  cells.Escalated = function (props) {
    const place = web(props.data && props.data.escalation_link);
    const words = props.value === "potential" ? "potential" : props.value;
    return place && props.value === "yes" ? outside(place, words) : words || null;
  };

  cells.FilterHeader = function (props) {
    const field = props.column.getColId();
    const name = (props.context && props.context.filters && props.context.filters[field]) || null;
    const open = (event) => {
      event.stopPropagation();
      window.dash_clientside.desk.filterBy(name);
    };
    const active = name && new URLSearchParams(window.location.search).has(name);
    return h(
      "span",
      { className: "filter-header" },
      h("span", { className: "header-name" }, props.displayName),
      name &&
        h("button", {
          className: active ? "filter-by active" : "filter-by",
          onClick: open,
          tabIndex: -1,
          title: "Filter by " + props.displayName,
          "aria-label": "Filter by " + props.displayName,
        }),
    );
  };
})();
