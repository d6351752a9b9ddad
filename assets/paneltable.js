// Long tables of panels, drawn as plain rows.
window.dash_clientside = window.dash_clientside || {};

(function () {
  function element(name, text, look) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (look) made.className = look;
    return made;
  }

  // A cell is [text, address or null, number of cases or null].
  function cell([text, address, count], numeric) {
    const made = element("td", address ? undefined : text, numeric ? "number" : "");
    made.dir = "auto";
    if (!address) return made;
    const link = element("a", text);
    link.href = address;
    const box = element("span", undefined, "counted");
    if (count !== null) box.dataset.count = count;
    box.append(link);
    made.append(box);
    return made;
  }

  function build(told) {
    const table = element("table");
    table.append(element("caption", told.caption));
    const head = table.createTHead().insertRow();
    told.heads.forEach(([text, numeric]) => {
      head.append(element("th", text, numeric ? "number" : ""));
    });
    const body = table.createTBody();
    told.rows.forEach((row) => {
      const line = body.insertRow();
      row.forEach((one, place) => line.append(cell(one, told.heads[place][1])));
    });
    const box = element("div", undefined, "scroll");
    box.tabIndex = 0;
    box.append(table);
    return box;
  }

  window.dash_clientside.paneltable = {
    draw(told, id) {
      const place = document.querySelector(`[data-panel="${id.name}"] .long-table`);
      if (place) place.replaceChildren(...(told ? [build(told)] : []));
      return window.dash_clientside.no_update;
    },
  };

  // Its links lead on as those of Dash do, without loading the page anew.
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest(".long-table a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    window.dash_clientside.caseboard.go(link.getAttribute("href"));
  });
})();
