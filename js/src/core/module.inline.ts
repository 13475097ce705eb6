import { base64 } from "../generated/core.base64.js";

// The module as text inside this package's own code, which every bundler includes. Compiled once.

type Decode = (text: string) => Uint8Array;

const decode: Decode = (text) => {
  const bytes = Uint8Array as unknown as { fromBase64?: Decode };
  if (bytes.fromBase64 !== undefined) return bytes.fromBase64(text);
  if (typeof Buffer === "function") return Buffer.from(text, "base64");
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
};

export const loadModule = async (): Promise<WebAssembly.Module> => {
  try {
    return await WebAssembly.compile(decode(base64));
  } catch (error) {
    throw new Error(
      `WebAssembly may not be compiled here (${(error as Error).message}). A page needs ` +
        "'wasm-unsafe-eval' in the script-src of its Content-Security-Policy; a worker's bundle " +
        "has to be made with the condition \"workerd\"",
      { cause: error },
    );
  }
};
