// What the board draws charts with: plotly.js with the traces that its panels have.
const Plotly = require("plotly.js/lib/core");

Plotly.register([
  require("plotly.js/lib/bar"),
  require("plotly.js/lib/box"),
  require("plotly.js/lib/heatmap"),
]);

module.exports = Plotly;
