// The licences of what is linked into the WebAssembly module, as the packages that it was built with say
// them. build.mjs puts them beside the package's own.

import { readFileSync } from "node:fs";

const emscripten = "/usr/share/doc/emscripten/copyright";

// A paragraph of a Debian copyright file, from `first` on.
const paragraph = (path, first) => {
  const text = readFileSync(path, "utf8");
  const begin = text.indexOf(first);
  if (begin < 0) throw new Error(`${path} has no ${JSON.stringify(first)}`);
  return `${text.slice(begin, text.indexOf("\n\n", begin))}\n`;
};

const linked = [
  ["xxHash", () => readFileSync("/usr/share/doc/libxxhash-dev/copyright", "utf8")],
  ["musl, the C library of Emscripten",
    () => readFileSync("/usr/share/emscripten/system/lib/libc/musl/COPYRIGHT", "utf8")],
  ["libc++, libc++abi and compiler-rt, of the LLVM project",
    () => readFileSync("/usr/share/doc/libc++1-14/copyright", "utf8")],
  ["Emscripten's own runtime (its malloc, dlmalloc, is in the public domain)",
    () => `${paragraph(emscripten, "Files:\n *\n")}\n${paragraph(emscripten, "License: NCSA~Mozilla\n")}`],
];

/** The text of the package's file THIRD_PARTY_NOTICES. */
export const thirdPartyNotices = () => [
  "The WebAssembly module has parts of these in it. The Apache License 2.0 is in LICENSE.\n",
  ...linked.map(([name, read]) => `\n---- ${name}\n\n${read()}`)].join("");
