// Makes a folder with the files of an npm package ready for npm: writes the fields of package.json that
// packaging/project.json decides, and compares the folder with the list of files that the package has.
// tools/dev/stage_npm.sh puts the files there.
//
//   node complete.mjs FOLDER DIRECTORY [LIST]
//
// DIRECTORY is where the package's sources are in the repository, LIST the name of the list of files; by default
// NAME.files.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** In the folder and not in the package: what npm runs there before it publishes. */
const guard = "publish_guard.mjs";

const isAddress = (text) => typeof text === "string" && URL.canParse(text) && text.startsWith("https://");

/** The package.json that is packed, from the one in the repository, where `private` keeps npm from publishing it. */
export const completeDescription = ({ private: _, ...description }, project, directory) => {
  for (const field of ["homepage", "repository", "bugs"]) {
    if (!isAddress(project[field])) {
      throw new Error(
        `packaging/project.json: ${field} is ${JSON.stringify(project[field])}; expected an https:// address`);
    }
  }
  return {
    ...description,
    author: project.authors,
    homepage: project.homepage,
    repository: { type: "git", url: `git+${project.repository}`, directory },
    bugs: { url: project.bugs },
    scripts: { prepublishOnly: `node ${guard}` },
  };
};

/** What a list of files says: a path a line, behind # a comment. */
export const readList = (text) => text.split("\n").map((line) => line.replace(/#.*/, "").trim())
  .filter((line) => line !== "");

/** How a package's files differ from its list, in words; "" if they do not. */
export const differences = (listed, present) => {
  const lines = (words, some, others) => some.filter((path) => !others.includes(path))
    .map((path) => `${words}: ${path}`);
  return [...lines("listed, and not there", listed, present), ...lines("there, and not listed", present, listed)]
    .join("\n");
};

/** The paths of all files below a folder, sorted. */
export const filesBelow = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => !entry.isDirectory())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
  .sort();

const main = (folder, directory, listName) => {
  if (directory === undefined) throw new Error("usage: node complete.mjs FOLDER DIRECTORY [LIST]");
  const beside = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
  const path = join(folder, "package.json");
  const description = JSON.parse(readFileSync(path, "utf8"));
  const list = listName ?? `${description.name}.files`;
  const differ = differences(readList(beside(list)), filesBelow(folder).filter((name) => name !== guard));
  if (differ !== "") {
    throw new Error(`${description.name} does not have the files of packaging/npm/${list}:\n${differ}`);
  }
  const completed = completeDescription(description, JSON.parse(beside("../project.json")), directory);
  writeFileSync(path, `${JSON.stringify(completed, null, 2)}\n`);
};

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    main(...process.argv.slice(2));
  } catch ({ message }) {
    console.error(`complete: ${message}`);
    process.exit(1);
  }
}
