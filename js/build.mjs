// Builds the package: the generated sources, then TypeScript into .build/, which the package's own
// tests use, and from there into dist/, which is what is packed: one file for each entry, since to load
// forty of them takes longer than all else that a program does at its start.
//
//   node build.mjs PLIMSOLL_WASM COMMANDS_TS
//
// tools/dev/js.sh gives both, as the build of the whole project makes them.

import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync,
  writeFileSync } from "node:fs";

import { build } from "esbuild";

import { notices } from "./notices.mjs";

const [wasm, commands] = process.argv.slice(2);
if (commands === undefined) throw new Error("usage: node build.mjs PLIMSOLL_WASM COMMANDS_TS");

process.chdir(import.meta.dirname);
for (const folder of [".build", "dist"]) rmSync(folder, { recursive: true, force: true });
mkdirSync("src/generated", { recursive: true });

// Typed, or the compiler would write all of it into the declarations as well.
const base64 = readFileSync(wasm).toString("base64");
writeFileSync("src/generated/core.base64.ts", `export const base64: string = "${base64}";\n`);
writeFileSync("src/generated/commands.ts", readFileSync(commands));

const compiler = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."],
  { stdio: "inherit" });
if (compiler.status !== 0) process.exit(compiler.status ?? 1);
// The compiler finds the package's private imports only in the folder that package.json names.
renameSync("dist", ".build");
copyFileSync(wasm, ".build/core/core.wasm");

await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ["index", "core/module.inline", "core/module.workerd", "core/module.edge",
    "transport/tcp.node", "transport/tcp.none", "transport/tcp.workerd"]
    .map((name) => `./.build/${name}.js`),
  outbase: ".build", outdir: "dist", bundle: true, format: "esm", platform: "neutral",
  target: "es2022", external: ["#core", "#tcp", "node:*", "cloudflare:*", "*.wasm", "*.wasm?module"],
  logLevel: "warning",
});
copyFileSync(wasm, "dist/core/core.wasm");
copyFileSync("../LICENSE", "LICENSE");
writeFileSync("NOTICES", notices(readFileSync("../NOTICE", "utf8")));
// The declarations of what is exported, and of what these mention.
cpSync(".build", "dist", { recursive: true, filter: (from) => !/\.(js|wasm)$/.test(from) });
