// The cells and headers of the case table that are more than text.
window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
window.dashAgGridFunctions = window.dashAgGridFunctions || {};

// Texts whose first strong letter is of a script written from right to left.
window.dashAgGridFunctions.beginsRightToLeft = function (value) {
  if (typeof value !== "string") return false;
  const letter = /\p{L}/u.exec(value);
  return Boolean(letter && /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(letter[0]));
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

  // A value that leads to all that have it.
  cells.Filtering = function (props) {
    if (props.value == null) return null;
    const asked = new URLSearchParams({ [props.colDef.field]: props.value });
    const address = "/cases?" + asked;
    const follow = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      const url = new URL(window.location.href);
      url.searchParams.delete(props.colDef.field);
      url.searchParams.set(props.colDef.field, props.value);
      window.dash_clientside.caseboard.go(url.pathname + url.search);
    };
    return h("a", { href: address, onClick: follow, tabIndex: -1, dir: "auto" }, props.value);
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
