import { builtIn } from "../built-in.js";
import { payload } from "../generated/payload.js";
import { compile } from "./compile.js";

// The module for Node, Deno and Bun, as text inside this package's own code, which every bundler includes: compressed.

export const hasOtherServers = true;

type Decode = (text: string) => Uint8Array;

const decode: Decode = (text) => {
  const bytes = Uint8Array as unknown as { fromBase64?: Decode };
  if (bytes.fromBase64 !== undefined) return bytes.fromBase64(text);
  if (typeof Buffer === "function") return Buffer.from(text, "base64");
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
};

const unpack = async (bytes: Uint8Array): Promise<Uint8Array> => {
  // Sooner done than what follows, for which Node loads its fetch().
  const zlib = builtIn<typeof import("node:zlib")>("node:zlib");
  if (zlib !== undefined) return zlib.gunzipSync(bytes);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
};

export const loadModule = async (): Promise<WebAssembly.Module> => compile(await unpack(decode(payload)));
