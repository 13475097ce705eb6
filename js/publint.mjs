// Runs publint over a packed package, or the folder of one, and fails if it finds anything.
//
//   node publint.mjs TARBALL_OR_FOLDER

import { readFileSync, statSync } from "node:fs";

import { publint } from "publint";
import { formatMessage } from "publint/utils";

// What bundlers get for require("plimsoll/ioredis") is the class, so it is no module. publint takes all below the condition
// `module` for modules.
const isOfRequire = ({ code, path }) =>
  code === "EXPORTS_MODULE_SHOULD_BE_ESM" && path.join() === "exports,./ioredis,module,require,default";

const [packed] = process.argv.slice(2);
const isFolder = statSync(packed).isDirectory();
const { messages, pkg } = await publint(isFolder
  ? { pkgDir: packed, strict: true }
  : { pack: { tarball: readFileSync(packed).buffer }, strict: true });
const found = messages.filter((message) => !isOfRequire(message));
for (const message of found) console.log(formatMessage(message, pkg));
process.exitCode = found.length > 0 ? 1 : 0;
