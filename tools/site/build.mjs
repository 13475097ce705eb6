// Builds the site into .site, or FOLDER: node build.mjs [FOLDER]
//
// The documents are copied, since a page's place is not its document's; the tool changes their links. The API's
// reference is made beside them: of js/src by TypeDoc, which needs js/src/generated, and of the C++ headers.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { build } from "vitepress";

import { writeReference } from "./api_cpp.mjs";
import { pageOf, root, sections } from "./pages.mjs";

/**
 * Takes the commands that a class or an interface has inherited out of its page: some hundreds of methods each, which
 * the page of CommandSet has already.
 */
const leaveOutInherited = (api) => {
  const between = "\n***\n";
  const beginning = "\n## Methods\n\nEvery command is a method: those of [CommandSet](../classes/CommandSet.md).\n";
  const methodOf = (section) => /^### (\w+\(\))$/m.exec(section)?.[1];
  const commands = new Set(readFileSync(join(api, "classes/CommandSet.md"), "utf8").split(between).map(methodOf));
  for (const name of ["classes/Client", "interfaces/Batch", "interfaces/Exclusive", "interfaces/Transaction"]) {
    const file = join(api, `${name}.md`);
    const sections = readFileSync(file, "utf8").replace("\n## Methods\n", beginning).split(between);
    const kept = sections.map((section) => {
      if (!section.includes("#### Inherited from") || !commands.has(methodOf(section))) return section;
      // In front of the first method stands what comes before all methods.
      const end = section.indexOf(beginning);
      return end < 0 ? "" : section.slice(0, end + beginning.length);
    }).filter((section) => section !== "");
    if (kept.length === sections.length) throw new Error(`${file}: expected commands of CommandSet among its methods`);
    writeFileSync(file, kept.join(between));
  }
};

const folder = resolve(process.argv[2] ?? join(root, ".site"));
process.env.SITE_FOLDER = folder;
const pages = join(import.meta.dirname, ".pages");

rmSync(pages, { recursive: true, force: true });
mkdirSync(pages);
for (const document of sections.flatMap((each) => each.pages)) {
  cpSync(join(root, document), join(pages, pageOf(document)));
}
cpSync(join(root, "docs/images"), join(pages, "images"), { recursive: true });
cpSync(join(import.meta.dirname, "mark.svg"), join(pages, "public/mark.svg"));

const headers = writeReference(join(pages, "api/cpp"));
// tools/site/typedoc.json extends js/typedoc.json, whose strictness it keeps.
const typedoc = spawnSync(process.execPath,
  ["node_modules/typedoc/bin/typedoc", "--options", "typedoc.json", "--out", join(pages, "api/js")],
  { cwd: import.meta.dirname, stdio: ["ignore", "inherit", "inherit"] });
if (typedoc.status !== 0) throw new Error("the reference of the npm package cannot be made");
leaveOutInherited(join(pages, "api/js/index"));
writeFileSync(join(pages, "reference.json"), JSON.stringify([
  { text: "JavaScript and TypeScript", link: "/api/js/" },
  { text: "C++ headers", link: "/api/cpp/", collapsed: true,
    items: headers.map(({ title, page }) => ({ text: title, link: `/api/cpp/${page.replace(/\.md$/, "")}` })) },
]));

await build(import.meta.dirname);
