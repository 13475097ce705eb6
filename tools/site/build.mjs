// Builds the site into .site, or FOLDER: node build.mjs [FOLDER]
//
// The documents are copied, since a page's place is not its document's; the tool changes their links.

import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

import { build } from "vitepress";

import { pageOf, root, sections } from "./pages.mjs";

const folder = resolve(process.argv[2] ?? join(root, ".site"));
process.env.SITE_FOLDER = folder;
const pages = join(import.meta.dirname, ".pages");

rmSync(pages, { recursive: true, force: true });
mkdirSync(pages);
for (const document of sections.flatMap((each) => each.pages)) {
  cpSync(join(root, document), join(pages, pageOf(document)));
}
cpSync(join(root, "docs/images"), join(pages, "images"), { recursive: true });
await build(import.meta.dirname);
