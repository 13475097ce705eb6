// Which binary runs here: those of all platforms lie in bin/, each in a folder of its platform's name.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// By `process.platform` and `process.arch`. `glibc`: the binary is linked to it, of this version or later; a binary
// without it needs no library. Packing writes the file.
const readPlatforms = () =>
  JSON.parse(readFileSync(new URL("./bin/platforms.json", import.meta.url), "utf8"));

const elsewhere = "Run it there, in a container (examples/bridge/Containerfile), or build it " +
  "(docs/bridge.md, both in the repository).";

/** `glibc`: its version, or undefined where another C library serves. */
export const thisPlatform = () => {
  const { platform, arch } = process;
  const glibc = process.report?.getReport().header.glibcVersionRuntime;
  return { platform, arch, glibc };
};

const isAtLeast = (version, [major, minor]) => {
  const [itsMajor, itsMinor] = version.split(".").map(Number);
  return itsMajor > major || (itsMajor === major && itsMinor >= minor);
};

/** The binary's path; throws where there is none that would run. */
export const binaryOf = ({ platform, arch, glibc }, platforms = readPlatforms()) => {
  const name = `${platform}-${arch}`;
  if (!Object.hasOwn(platforms, name)) {
    throw new Error(`there is no binary for ${name} in this package, but for ` +
      `${Object.keys(platforms).join(", ")}. ${elsewhere}`);
  }
  const wanted = platforms[name].glibc;
  if (wanted !== undefined && (glibc === undefined || !isAtLeast(glibc, wanted))) {
    throw new Error(`the binary needs glibc ${wanted.join(".")} or later, and here is ` +
      `${glibc === undefined ? "another C library" : `glibc ${glibc}`}. ${elsewhere}`);
  }
  return fileURLToPath(new URL(`./bin/${name}/plimsoll-bridge`, import.meta.url));
};
