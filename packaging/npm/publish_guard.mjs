// npm runs this before it publishes the folder in which it lies (prepublishOnly), and publishes nothing if this
// fails: a package on a registry shows its addresses for good. npm does not run it for a tarball.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// RFC 2606 and RFC 6761 keep these names for examples: they are nobody's.
const isPlaceholder = (text) => /(^|\.)(example|invalid|test)$|(^|\.)example\.(com|net|org)$/
  .test(new URL(text.replace(/^git\+/, "")).hostname);

/** The addresses of a package.json that are nobody's, with their fields. */
export const placeholdersOf = ({ homepage, repository, bugs }) =>
  Object.entries({ homepage, repository: repository?.url, bugs: bugs?.url })
    .filter(([, address]) => address === undefined || isPlaceholder(address))
    .map(([field, address]) => `${field}: ${address ?? "missing"}`);

const main = () => {
  const description = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
  const placeholders = placeholdersOf(description);
  if (placeholders.length === 0) return;
  console.error([`publish_guard: ${description.name} ${description.version} is not published: npm would show addresses`,
    "that belong to nobody.", ...placeholders.map((each) => `  ${each}`),
    "Write the project's own into packaging/project.json, and run ./dev package npm again."].join("\n"));
  process.exit(1);
};

if (import.meta.url === pathToFileURL(process.argv[1]).href) main();
