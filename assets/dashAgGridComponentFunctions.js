// The cells of the case table that are more than text.
window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};

(function () {
  const cells = window.dashAgGridComponentFunctions;
  const h = (...parts) => React.createElement(...parts);
  const SEVERITIES = { 1: "Urgent", 2: "High", 3: "Normal", 4: "Low" };
  const SLA = { ok: "On track", at_risk: "At risk", breached: "Breached" };

  cells.CaseLink = function (props) {
    if (!props.value) return null;
    const query = window.location.search;
    const address = "/cases/" + encodeURIComponent(props.value) + query;
    const follow = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      window.dash_clientside.caseboard.go(address);
    };
    return h("a", { href: address, onClick: follow }, props.value);
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
})();
