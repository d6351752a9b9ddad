// Draws a picture in a browser: title and sentence above, the chart, what the data are below.
// `order` is what app/images/order.py makes of a panel's answer. Returns SVG text, or PNG in base64.
async function drawPicture(order) {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const { width, height, colours, font } = order;
  const pad = width < 420 ? 12 : 20;
  const pen = document.createElement("canvas").getContext("2d");

  const create = (name, attributes, text) => {
    const made = document.createElementNS(NAMESPACE, name);
    Object.entries(attributes || {}).forEach(([key, value]) => made.setAttribute(key, value));
    if (text !== undefined) made.textContent = text;
    return made;
  };
  // Another machine's fonts may be a little wider.
  const fits = (text, room) => pen.measureText(text).width <= room * 0.97;

  // The longest beginning of the parts that fits; at least one part.
  function fill(parts, room) {
    let count = 1;
    while (count < parts.length && fits(parts.slice(0, count + 1).join("").trimEnd(), room)) count++;
    return count;
  }

  // Lines end between words, and anywhere between signs of Chinese and Japanese.
  const BREAKS =
    /\s+|[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}][^\s\p{L}\p{N}]*|[^\s\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]+/gu;

  // Text on at most so many lines; what does not fit ends in an ellipsis.
  function lines(text, style, room, most) {
    pen.font = style;
    let parts = text.match(BREAKS) || [];
    const found = [];
    while (parts.length && found.length < most) {
      if (found.length) while (parts.length && !parts[0].trim()) parts.shift();
      if (!parts.length) break;
      if (!fits(parts[0], room)) parts = [...parts[0], ...parts.slice(1)];
      const count = fill(parts, room);
      found.push(parts.splice(0, count).join("").trimEnd());
    }
    if (parts.join("").trim()) {
      let last = [...found.pop()];
      while (last.length && !fits(last.join("").trimEnd() + "…", room)) last.pop();
      found.push(last.join("").trimEnd() + "…");
    }
    return found;
  }

  const picture = create("svg", {
    xmlns: NAMESPACE, width, height, viewBox: `0 0 ${width} ${height}`,
    role: "img", "aria-labelledby": "picture-title picture-words",
  });
  picture.append(
    create("title", { id: "picture-title" }, order.title),
    create("desc", { id: "picture-words" }, order.words),
    create("rect", { width, height, fill: colours.card }),
  );

  // One block of text; tells where the next one may begin.
  function write(text, top, { size, weight, colour, most, leading }) {
    const found = lines(text, `${weight} ${size}px ${font}`, width - 2 * pad, most);
    found.forEach((line, place) => {
      const at = { x: pad, y: top + size + place * leading, fill: colour };
      const face = { "font-family": font, "font-size": size, "font-weight": weight };
      picture.append(create("text", { ...at, ...face }, line));
    });
    return top + found.length * leading;
  }

  const low = height < 260;
  let top = write(order.title, pad - 3, {
    size: 16, weight: 600, colour: colours.text, most: low ? 1 : 2, leading: 21,
  });
  top = write(order.sentence, top + 1, {
    size: 12, weight: 400, colour: colours.secondary, most: low ? 1 : 3, leading: 16,
  });
  const foot = height - pad + 4;
  pen.font = `400 11px ${font}`;
  const name = "Caseboard";
  const room = width - 2 * pad;
  const signed = fits(order.foot, room - pen.measureText(name).width - 16);
  const told = lines(order.foot, pen.font, room, 1)[0] || "";
  const small = { y: foot, "font-family": font, "font-size": 11, fill: colours.secondary };
  picture.append(
    create("text", { x: pad, ...small }, told),
  );
  // When the data are of matters more than who tells it.
  if (signed) {
    picture.append(create("text", { x: width - pad, "text-anchor": "end", ...small }, name));
  }

  const box = { x: pad, y: top + 8, width: width - 2 * pad, height: foot - 11 - 10 - top - 8 };
  if (order.empty) {
    picture.append(
      create("rect", {
        x: box.x + 0.5, y: box.y + 0.5, width: box.width - 1, height: box.height - 1, rx: 8,
        fill: "none", stroke: colours.border, "stroke-dasharray": "4 4",
      }),
      create("text", {
        x: box.x + box.width / 2, y: box.y + box.height / 2 + 5, "text-anchor": "middle",
        "font-family": font, "font-size": 14, fill: colours.secondary,
      }, order.empty),
    );
  } else {
    // Where a chart's words would lie on each other it is drawn larger, and made smaller whole.
    const rows = Object.keys(order.figure.layout).filter((key) => key.startsWith("yaxis")).length;
    const shrunk = Math.max(1, 480 / box.width, (rows > 2 ? 380 : 280) / box.height);
    const size = {
      width: Math.round(box.width * shrunk), height: Math.round(box.height * shrunk),
    };
    const figure = {
      data: order.figure.data,
      layout: { ...order.figure.layout, ...size, autosize: false },
      config: { staticPlot: true },
    };
    const drawn = await Plotly.toImage(figure, { format: "svg", ...size, imageDataOnly: true });
    const chart = new DOMParser().parseFromString(drawn, "image/svg+xml").documentElement;
    const at = { ...box, viewBox: `0 0 ${size.width} ${size.height}`, "aria-hidden": "true" };
    Object.entries(at).forEach(([key, value]) => chart.setAttribute(key, value));
    picture.append(document.importNode(chart, true));
  }
  const text = new XMLSerializer().serializeToString(picture);
  if (order.kind === "svg") return text;

  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * order.scale;
  canvas.height = height * order.scale;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png").split(",")[1];
}
