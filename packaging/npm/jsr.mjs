// Makes the package for JSR, from where Deno takes it, of the staged npm package: its modules, with their types beside
// them. JSR knows neither "exports" with conditions nor private imports, and no types that are found by a file's name,
// so these are written out.
//
//   node jsr.mjs STAGED FOLDER

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { differences, filesBelow, readList } from "./complete.mjs";

// What Deno runs of the package, and what it is there; the modules have no others.
const modules = {
  "dist/index.js": "index.js",
  "dist/ioredis.js": "ioredis.js",
  "dist/opentelemetry.js": "opentelemetry.js",
  "dist/core/module.inline.js": "core/module.inline.js",
  "dist/transport/tcp.node.js": "transport/tcp.node.js",
  "dist/cjs/payload.js": "payload.js",
};
const imports = {
  "#core": "./core/module.inline.js",
  "#tcp": "./transport/tcp.node.js",
  "../cjs/payload.js": "../payload.js",
};
const entries = ["index", "ioredis", "opentelemetry"];
const texts = ["CHANGELOG.md", "LICENSE", "NOTICE", "README.md", "THIRD_PARTY_NOTICES"];

const scoped = "@plimsoll/plimsoll";

/** The text of a module, with the imports as they are in the package, and with its types if it is an entry. */
export const asModule = (text, name) => {
  const changed = text.replace(/^(import (?:[^"]* from )?)"([^"]+)";/gm, (whole, begin, from) =>
    Object.hasOwn(imports, from) ? `${begin}"${imports[from]}";` : whole);
  return entries.includes(name) ? `/* @ts-self-types="./types/${name}.d.ts" */\n${changed}` : changed;
};

/** The text of a declaration. Deno takes an import for the file that it names. */
export const asDeclaration = (text, peers) => text
  .replace(/((?:from |import\()"\.[^"]*)\.js"/g, '$1.d.ts"')
  .replace(/from "([^".:]+)"/g, (whole, name) =>
    Object.hasOwn(peers, name) ? `from "npm:${name}@${peers[name]}"` : whole);

const write = (folder, name, text) => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
};

const main = (staged, folder) => {
  if (folder === undefined) throw new Error("usage: node jsr.mjs STAGED FOLDER");
  const read = (name) => readFileSync(join(staged, name), "utf8");
  const { version, license, peerDependencies } = JSON.parse(read("package.json"));
  for (const [from, to] of Object.entries(modules)) write(folder, to, asModule(read(from), to.replace(/\.js$/, "")));
  for (const name of filesBelow(join(staged, "dist/cjs")).filter((each) => each.endsWith(".d.ts"))) {
    write(folder, join("types", name), asDeclaration(read(join("dist/cjs", name)), peerDependencies));
  }
  for (const name of texts) copyFileSync(join(staged, name), join(folder, name));
  const exported = Object.fromEntries(entries.map((name) => [name === "index" ? "." : `./${name}`, `./${name}.js`]));
  write(folder, "jsr.json", `${JSON.stringify({ name: scoped, version, license, exports: exported }, null, 2)}\n`);

  const differ = differences(readList(readFileSync(new URL("jsr.files", import.meta.url), "utf8")), filesBelow(folder));
  if (differ !== "") throw new Error(`${scoped} does not have the files of packaging/npm/jsr.files:\n${differ}`);
};

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    main(...process.argv.slice(2));
  } catch ({ message }) {
    console.error(`jsr: ${message}`);
    process.exit(1);
  }
}
