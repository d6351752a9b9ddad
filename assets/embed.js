// Draws what an embed shows, and draws it anew when the data change. It keeps nothing: neither
// cookies nor storage are there in other people's pages.
(function () {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const GONE = "This is no longer shared";
  let box, every, told, mark, asking, asked = 0, timer;

  function theme() {
    const wanted = root.dataset.wanted;
    return wanted === "light" || wanted === "dark" ? wanted : system.matches ? "dark" : "light";
  }
  root.dataset.bsTheme = theme();

  const place = (id) => document.getElementById(id);

  function element(name, text, look) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (look) made.className = look;
    return made;
  }

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

  function show(...parts) {
    const old = place("chart");
    if (old && window.Plotly) window.Plotly.purge(old);
    const shown = place("shown");
    shown.replaceChildren(...parts);
    shown.removeAttribute("aria-busy");
    return shown;
  }

  function drawChart() {
    if (!window.Plotly) return say("The chart cannot be drawn", "Its script could not be loaded.");
    const { palette, template } = told.themes[theme()];
    const figure = fill(told.figure, palette);
    let chart = place("chart");
    if (!chart) {
      chart = element("div");
      chart.id = "chart";
      chart.setAttribute("role", "img");
      show(chart);
    }
    chart.setAttribute("aria-label", `${told.title}: ${told.sentence}. ${told.question}`);
    const layout = { ...figure.layout, autosize: true, template: template };
    window.Plotly.react(chart, figure.data, layout, { responsive: true, displayModeBar: false });
  }

  // A cell is [text, or text and the name of what its colour means].
  function drawTable() {
    const table = element("table");
    table.append(element("caption", told.told));
    const head = table.createTHead().insertRow();
    told.heads.forEach(([text, numeric]) => {
      const cell = element("th", text, numeric ? "number" : "");
      cell.scope = "col";
      head.append(cell);
    });
    const body = table.createTBody();
    told.rows.forEach((row) => {
      const line = body.insertRow();
      row.forEach(([text, means], at) => {
        const cell = element("td", undefined, told.heads[at][1] ? "number" : "");
        cell.dir = "auto";
        cell.title = text;
        cell.append(means ? element("span", text, `means ${means}`) : text);
        line.append(cell);
      });
    });
    const scroll = element("div", undefined, "rows");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", told.title);
    const old = document.querySelector(".rows");
    const [top, left] = old ? [old.scrollTop, old.scrollLeft] : [0, 0];
    scroll.append(table);
    show(scroll);
    scroll.scrollTo(left, top);
  }

  function say(title, words) {
    const notice = element("div", undefined, "empty");
    notice.append(element("p", title, "strong"), element("p", words, "secondary"));
    show(notice);
  }

  function draw() {
    root.dataset.bsTheme = theme();
    if (!told) return;
    document.title = told.title;
    box.querySelector("h1").textContent = told.title;
    place("sentence").textContent = told.sentence;
    place("time").textContent = told.time;
    if (told.empty) say("No case to show", "Nothing fits what is asked for at the moment.");
    else if (told.kind === "table") drawTable();
    else drawChart();
  }

  function fail(status) {
    if (status === 403) {
      window.clearTimeout(timer);
      every = 0;
      told = null;
      place("sentence").textContent = "";
      place("time").textContent = "";
      return say(GONE, "The link was taken back or has run out. Ask whoever put it here.");
    }
    if (told) place("time").textContent = `${told.time}; it cannot be renewed at the moment`;
    else say("Not to be reached at the moment", "It tries again by itself, once a minute.");
  }

  async function ask() {
    if (asking || !every) return;
    asking = true;
    asked = Date.now();
    window.clearTimeout(timer);
    try {
      const answer = await fetch(box.dataset.source, {
        headers: mark ? { "If-None-Match": mark } : {},
        credentials: "omit",
        cache: "no-store",
      });
      if (answer.status === 200) {
        told = await answer.json();
        mark = answer.headers.get("ETag");
        draw();
      } else if (answer.status === 304) place("time").textContent = told.time;
      else fail(answer.status);
    } catch (error) {
      fail(0);
    } finally {
      asking = false;
      wait();
    }
  }

  // Nobody asks for a page that nobody looks at.
  function wait() {
    window.clearTimeout(timer);
    if (!every || document.hidden) return;
    timer = window.setTimeout(ask, Math.max(0, asked + every - Date.now()));
  }

  document.addEventListener("DOMContentLoaded", () => {
    box = place("embed");
    if (!box) return;
    every = Number(box.dataset.every) * 1000;
    ask();
    document.addEventListener("visibilitychange", wait);
    window.addEventListener("online", ask);
  });
  system.addEventListener("change", draw);
})();
