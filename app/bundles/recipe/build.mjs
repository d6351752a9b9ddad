// Makes the bundles: `make bundles`. Arguments: the folder of the installed Python packages, and
// where the bundles go.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const [PACKAGES, RESULTS] = process.argv.slice(2).map((path) => resolve(path));
const PLOTLY = "plotly/package_data/plotly.min.js";
const GRID = "dash_ag_grid/dash_ag_grid.min.js";
const POLYFILL = "dash/deps/polyfill@7.12.1.min.js";
const MODERN = 2020;

const installed = (path) => readFileSync(join(PACKAGES, path), "utf8");
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;

function must(holds, words) {
  if (!holds) throw new Error(words);
}

function replaced(text, old, fresh) {
  must(text.includes(old), `dash-ag-grid has changed: it has no ${old} any more`);
  return text.replaceAll(old, fresh);
}

// dash-ag-grid's own sources are in the maps that it ships.
function sources() {
  const found = new Map();
  for (const path of [GRID, "dash_ag_grid/async-community.js"]) {
    const { sources: names, sourcesContent: texts } = JSON.parse(installed(`${path}.map`));
    names.forEach((name, place) => {
      const [, inside] = name.split("/src/lib/");
      if (inside) found.set(inside, texts[place]);
    });
  }
  return found;
}

// The grid in one file, with our choice of modules, and without what no table of ours shows.
const LEFT_OUT = /^(\.\.\/renderers\/(markdown|rowMenu)Renderer|escodegen)$/;
const LEFT_OUT_TEXT = `
  const missing = () => { throw new Error("This is not in the board's build of AG Grid."); };
  export const generate = missing;
  export default missing;`;
const PAGE = { react: "React", "react-dom": "ReactDOM", "prop-types": "PropTypes" };
const ENTRY = `export {default as AgGrid, getApi, getApiAsync} from "./components/AgGrid.react";`;
const LOADER = `
  export default { agGrid: () => import("./fragments/AgGrid.react"), agGridEnterprise: null };`;

const CHANGES = [
  ["import * as agGrid from 'ag-grid-community';",
    "import {themeQuartz} from 'ag-grid-community'; const agGrid = {themeQuartz};"],
  ["const {themeAlpine, themeBalham, themeMaterial, themeQuartz} = agGrid;", ""],
  ["themes = {themeAlpine, themeBalham, themeMaterial, themeQuartz};", "themes = agGrid;"],
  ["import * as evaluate from 'static-eval';", "import evaluate from 'static-eval';"],
];

function changed(name, text) {
  if (name === "LazyLoader.js") return LOADER;
  if (name === "components/AgGrid.react.js") {
    const all = "import {AllCommunityModule, ModuleRegistry} from 'ag-grid-community';";
    const few = "import {ModuleRegistry} from 'ag-grid-community'; import * as few from 'modules';";
    return replaced(replaced(text, all, few), "[AllCommunityModule]", "Object.values(few)");
  }
  if (name === "fragments/AgGrid.react.js") {
    // Taken as an object, AG Grid would come whole; and a namespace cannot be called.
    return CHANGES.reduce((told, [old, fresh]) => replaced(told, old, fresh), text);
  }
  return text;
}

const grid = {
  name: "dash-ag-grid",
  setup(builder) {
    const texts = sources();
    const here = { resolveDir: process.cwd(), loader: "jsx" };
    builder.onResolve({ filter: /^modules$/ }, () => ({ path: resolve("modules.js") }));
    builder.onResolve({ filter: /^(react|react-dom|prop-types)$/ }, ({ path }) => ({
      path, namespace: "page",
    }));
    builder.onLoad({ filter: /.*/, namespace: "page" }, ({ path }) => ({
      contents: `module.exports = window.${PAGE[path]}`,
    }));
    builder.onResolve({ filter: LEFT_OUT }, ({ path }) => ({ path, namespace: "left-out" }));
    builder.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: LEFT_OUT_TEXT }));
    builder.onResolve({ filter: /^\./, namespace: "lib" }, ({ path, importer }) => {
      const name = join(dirname(importer), path);
      return { path: texts.has(name) ? name : `${name}.js`, namespace: "lib" };
    });
    builder.onResolve({ filter: /^grid$/ }, () => ({ path: "grid", namespace: "lib" }));
    builder.onLoad({ filter: /.*/, namespace: "lib" }, ({ path }) => ({
      ...here,
      contents: path === "grid" ? ENTRY : changed(path, texts.get(path)),
    }));
  },
};

async function bundled(options) {
  const { outputFiles, metafile } = await build({
    bundle: true, minify: true, write: false, metafile: true, outfile: "bundle.js",
    format: "iife", target: `es${MODERN}`, charset: "utf8", legalComments: "none",
    loader: { ".css": "empty" }, logLevel: "warning", ...options,
  });
  const { code } = await minify(outputFiles[0].text, {
    ecma: MODERN, compress: { passes: 2 }, mangle: true, format: { comments: false },
  });
  const used = Object.entries(metafile.outputs["bundle.js"].inputs)
    .filter(([path, { bytesInOutput }]) => bytesInOutput && !path.endsWith(".css"))
    .map(([path]) => path.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1]);
  return { code, used: new Set(used.filter(Boolean)) };
}

// The names, versions and licences of what is in a bundle.
function licences(folders) {
  return [...folders].sort().map((folder) => {
    const { name, version: told, license } = JSON.parse(readFileSync(`${folder}/package.json`));
    const file = readdirSync(folder).find((one) => /^(licen[cs]e|copying)/i.test(one));
    const text = file ? readFileSync(`${folder}/${file}`, "utf8").trim() : "";
    return `${name} ${told} (${license})\n\n${text}\n`;
  });
}

function written(name, of, path, { code }, banner) {
  const text = Buffer.from(`/* ${banner}; see app/bundles/LICENSES.txt */\n${code}`);
  const packed = brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
  writeFileSync(join(RESULTS, name), packed);
  const sha256 = createHash("sha256").update(readFileSync(join(PACKAGES, path))).digest("hex");
  console.log(`${name}: ${text.length} bytes, ${packed.length} compressed`);
  return { file: name, of, stands_in_for: path, sha256 };
}

const shipped = installed(PLOTLY).match(/plotly\.js v([\d.]+)/)[1];
must(shipped === version("plotly.js"), `package.json must ask for plotly.js ${shipped}`);
const wrapper = JSON.parse(installed("dash_ag_grid/package-info.json"));
for (const name of ["ag-grid-community", "ag-grid-react"]) {
  const wanted = wrapper.dependencies[name];
  must(wanted === version(name), `package.json must ask for ${name} ${wanted}`);
}

const charts = await bundled({
  entryPoints: ["plotly.js"], globalName: "Plotly",
  define: { global: "window", "define.amd": "false" },
});
const tables = await bundled({
  entryPoints: ["grid"], globalName: "dash_ag_grid", plugins: [grid],
  define: { "process.env.NODE_ENV": '"production"' },
});
// Of what makes old browsers understand new scripts, Dash's own still call this.
const generators = await bundled({ entryPoints: ["regenerator-runtime/runtime.js"] });
const plotlyName = `plotly.js ${shipped}`;
const gridName = `dash-ag-grid ${wrapper.version} with AG Grid ${version("ag-grid-community")}`;
const generatorsName = `regenerator-runtime ${version("regenerator-runtime")}`;
const made = [
  written("plotly.min.js.br", plotlyName, PLOTLY, charts, `A part of ${plotlyName}`),
  written("grid.min.js.br", gridName, GRID, tables, `A part of ${gridName}`),
  written("generators.min.js.br", generatorsName, POLYFILL, generators, generatorsName),
];
writeFileSync(join(RESULTS, "made.json"), `${JSON.stringify(made, null, 2)}\n`);
const licence = installed(`dash_ag_grid-${wrapper.version}.dist-info/licenses/LICENSE`).trim();
const own = `dash-ag-grid ${wrapper.version} (${wrapper.license})\n\n${licence}\n`;
const told = [own, ...licences(new Set([charts, tables, generators].flatMap(({ used }) => [...used])))];
writeFileSync(join(RESULTS, "LICENSES.txt"), told.join(`\n${"-".repeat(78)}\n\n`));
