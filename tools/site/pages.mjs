// Which documents the site is made of, in which order, and where their links lead on it. The documents stay
// as a code host shows them; whatever differs on the site is decided here.

import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";

/** The repository's folder. */
export const root = join(import.meta.dirname, "../..");

/** The sections of index.json, in reading order: { section, pages }, pages as paths in the repository. */
export const sections = JSON.parse(readFileSync(join(import.meta.dirname, "index.json"), "utf8"));

const documents = new Set(sections.flatMap(({ pages }) => pages));

/** The page of a document, below the site's root: README.md is the first, others keep their names. */
export const pageOf = (document) =>
  document === "README.md" ? "index.md" : posix.basename(document).toLowerCase();

const documentsByPage = new Map([...documents].map((document) => [pageOf(document), document]));

/** The document of a page; undefined if the page is made of none. */
export const documentOf = (page) => documentsByPage.get(page);

if (documentsByPage.size !== documents.size) {
  throw new Error("tools/site/index.json: a document stands there twice, or two have the same name");
}

/** The heading of a document, by which the index calls it. */
export const titleOf = (document) => {
  const heading = /^# (.+)$/m.exec(readFileSync(join(root, document), "utf8"));
  if (heading === null) throw new Error(`${document}: no heading '# ...', which is its name in the index`);
  return heading[1];
};

/** Names and addresses of the project. */
export const project = JSON.parse(readFileSync(join(root, "packaging/project.json"), "utf8"));

/** Where people see a file or a folder of the repository. */
const addressInRepository = (path) => {
  const kind = statSync(join(root, path)).isDirectory() ? "tree" : "blob";
  return `${project.repository.replace(/\.git$/, "")}/${kind}/main/${path}`;
};

/**
 * A link of a document, as the site has it: to another page, or to the repository. Links to anchors of the
 * same page, and to elsewhere, stay. Throws if there is no such file.
 */
export const linkOnSite = (document, href) => {
  if (/^([a-z]+:|#|\/\/)/i.test(href)) return href;
  const [, path, anchor] = /^([^#]*)(#.*)?$/.exec(href);
  const target = posix.normalize(posix.join(dirname(document), decodeURI(path))).replace(/\/$/, "");
  if (documents.has(target)) return `./${pageOf(target)}${anchor ?? ""}`;
  if (target.startsWith("..") || !existsSync(join(root, target))) {
    throw new Error(`${document}: the link ${href} leads to no file; expected one at ${target}`);
  }
  return addressInRepository(target) + (anchor ?? "");
};

/** An image of a document, as the site has it. All lie in docs/images. */
export const imageOnSite = (document, source) => {
  const path = posix.normalize(posix.join(dirname(document), source));
  if (!path.startsWith("docs/images/")) throw new Error(`${document}: ${source} is not in docs/images`);
  return `./${posix.relative("docs", path)}`;
};
