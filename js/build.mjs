// Builds the package: the generated sources, then TypeScript into .build/, which the package's own
// tests use, and from there into dist/, which is what is packed: one file for each entry, since to load
// forty of them takes longer than all else that a program does at its start.
//
//   node build.mjs PLIMSOLL_WASM PLIMSOLL_ONE_SERVER_WASM COMMANDS_TS
//
// tools/dev/js.sh gives them, as the build of the whole project makes them.
//
//   dist/cjs/index.js    for require(), and for import in Node, Deno and Bun as well: a program that does
//                        both has one core, and one class of each error
//   dist/node.js         import there: the names of dist/cjs/index.js, which it has through dist/cjs/node.js
//   dist/index.js        for everything else (bundlers, pages, workers), as a module
//   dist/cjs/payload.js  the core, for both
//   dist/core/module.page.js
//                        the core of pages, whose clients have one server, for bundles without the condition `node`
//   dist/ioredis*.js, dist/opentelemetry*.js
//                        plimsoll/ioredis and plimsoll/opentelemetry, in the same three forms; folders of their names
//                        lead there what does not know "exports"
//   dist/cjs/ioredis.bundle.js
//                        what a bundler takes for require("plimsoll/ioredis")

import { spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync,
  writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { toLetters } from "./letters.mjs";
import { thirdPartyNotices } from "./notices.mjs";

const [wasm, pageWasm, commands] = process.argv.slice(2);
if (commands === undefined) throw new Error("usage: node build.mjs PLIMSOLL_WASM PLIMSOLL_ONE_SERVER_WASM COMMANDS_TS");

process.chdir(import.meta.dirname);
for (const folder of [".build", "dist"]) rmSync(folder, { recursive: true, force: true });
mkdirSync("src/generated", { recursive: true });

// Typed, or the compiler would write all of it into the declarations as well.
const payload = gzipSync(readFileSync(wasm), { level: 9 }).toString("base64");
writeFileSync("src/generated/payload.ts", `export const payload: string = "${payload}";\n`);
writeFileSync("src/generated/page.payload.ts", 'import type { Letters } from "../core/letters.js";\n' +
  `export const letters: Letters = ${JSON.stringify(toLetters(readFileSync(pageWasm)))};\n`);
writeFileSync("src/generated/commands.ts", readFileSync(commands));
const { version } = JSON.parse(readFileSync("package.json", "utf8"));
writeFileSync("src/generated/version.ts", `export const version: string = "${version}";\n`);

const compiler = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."],
  { stdio: "inherit" });
if (compiler.status !== 0) process.exit(compiler.status ?? 1);
// The compiler finds the package's private imports only in the folder that package.json names.
renameSync("dist", ".build");
copyFileSync(wasm, ".build/core/core.wasm");
copyFileSync(pageWasm, ".build/core/page.wasm");  // for js/demo

// Modules and CommonJS share the payload. A script that sets a property is valid as either.
const property = 'globalThis[Symbol.for("plimsoll.payload")]';
const sharedPayload = (from) => ({
  name: "shared-payload",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /\/payload\.js$/ }, ({ path }) =>
      path.includes("generated") ? { path, namespace: "payload" } : { path: from, external: true });
    onLoad({ filter: /.*/, namespace: "payload" }, () =>
      ({ contents: `import "./payload.js"; export const payload = ${property};` }));
  },
});

// plimsoll/ioredis and plimsoll/opentelemetry take from the package what its users can, too, and so have the same core.
const throughIndex = {
  name: "through-index",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\.?\/index\.js$/ }, () => ({ path: "./index.js", external: true }));
  },
};

// Bundles in ESM have no require(), so the copy for CommonJS does not ask for Node's modules by it.
const builtIns = {
  name: "built-ins",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "built-in" }));
    onLoad({ filter: /.*/, namespace: "built-in" }, ({ path }) =>
      ({ contents: `module.exports = process.getBuiltinModule("${path}");` }));
  },
};

const common = {
  absWorkingDir: import.meta.dirname, outbase: ".build", bundle: true, target: "es2022",
  external: ["#core", "#tcp", "node:*", "cloudflare:*", "*.wasm", "*.wasm?module"],
  logLevel: "warning",
};
await build({
  ...common, format: "esm", platform: "neutral", outdir: "dist",
  entryPoints: ["index", "core/module.inline", "core/module.page", "core/module.workerd", "core/module.edge",
    "transport/tcp.node", "transport/tcp.none", "transport/tcp.workerd"]
    .map((name) => `./.build/${name}.js`),
  plugins: [sharedPayload("../cjs/payload.js")],
});
// Not minified: of an error that nobody catches, Node prints the line that threw it.
const commonJs = { ...common, format: "cjs", platform: "node" };
await build({
  ...commonJs, outfile: "dist/cjs/index.js",
  entryPoints: ["./.build/index.js"], external: [],
  alias: { "#core": "./.build/core/module.inline.js", "#tcp": "./.build/transport/tcp.node.js" },
  plugins: [sharedPayload("./payload.js")],
});
for (const name of ["ioredis", "opentelemetry"]) {
  await build({ ...common, format: "esm", platform: "neutral", outfile: `dist/${name}.js`,
    entryPoints: [`./.build/${name}.js`], plugins: [throughIndex] });
}
await build({ ...commonJs, outfile: "dist/cjs/opentelemetry.js",
  entryPoints: ["./.build/opentelemetry.js"], plugins: [throughIndex] });
// As with ioredis itself, what require() returns is the class.
await build({ ...commonJs, outfile: "dist/cjs/ioredis.js",
  entryPoints: ["./.build/ioredis.js"], external: [], plugins: [throughIndex, builtIns],
  footer: { js: "module.exports = Object.assign(module.exports.Redis, module.exports);" } });
writeFileSync("dist/cjs/payload.js", `${property} = "${payload}";\n`);
writeFileSync("dist/cjs/package.json", '{ "type": "commonjs" }\n');
// An import of a large file of CommonJS would have Node look for its names in it, which takes longer than to load it. So
// the import is of a small one, whose only name is `all`. Bundlers follow it, as they would not follow createRequire().
const writeDoor = async (name, from) => {
  const names = Object.keys(await import(`./.build/${from}.js`)).filter((each) => each !== "default");
  writeFileSync(`dist/cjs/${name}.js`, `exports.all = require("./${from}.js");\n`);
  writeFileSync(`dist/${name}.js`, `import { all } from "./cjs/${name}.js";\n` +
    `export const {\n  ${names.join(",\n  ")},\n} = all;\n`);
};
await writeDoor("node", "index");
await writeDoor("ioredis.node", "ioredis");
await writeDoor("opentelemetry.node", "opentelemetry");
appendFileSync("dist/ioredis.node.js", "export default Redis;\n");
// For bundlers: require() gives the class there, too, out of the same module as an import of the bundle's.
writeFileSync("dist/cjs/ioredis.bundle.js",
  'const all = require("../ioredis.js");\nmodule.exports = Object.assign(all.Redis, all);\n');
copyFileSync(wasm, "dist/core/core.wasm");
writeFileSync("THIRD_PARTY_NOTICES", thirdPartyNotices());
// The declarations of what is exported, and of what these mention.
const copyDeclarations = (name, copied = new Set()) => {
  if (copied.has(name)) return;
  copied.add(name);
  const text = readFileSync(`.build/${name}.d.ts`, "utf8");
  mkdirSync(dirname(`dist/cjs/${name}`), { recursive: true });
  writeFileSync(`dist/cjs/${name}.d.ts`, text);
  for (const [, from] of text.matchAll(/(?:from |import\()"(\.[^"]*)\.js"/g)) {
    copyDeclarations(join(dirname(name), from), copied);
  }
};
for (const name of ["index", "ioredis", "opentelemetry"]) copyDeclarations(name);
writeFileSync("dist/index.d.ts", 'export * from "./cjs/index.js";\n');
writeFileSync("dist/opentelemetry.d.ts", 'export * from "./cjs/opentelemetry.js";\n');
writeFileSync("dist/ioredis.d.ts", 'export * from "./cjs/ioredis.js";\n' +
  'export { Redis as default } from "./cjs/ioredis.js";\n');
