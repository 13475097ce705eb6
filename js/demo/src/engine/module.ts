// The module of pages as a file of its own, which the page's server compresses as it is, and which is compiled while it
// comes. The package has it as text within its code, because every bundler includes that; a page that counts the
// bytes of a first visit puts this in its place (vite.config.js).

export const hasOtherServers = false;

export const loadModule = async (): Promise<WebAssembly.Module> =>
  WebAssembly.compileStreaming(fetch(new URL("../../../.build/core/page.wasm", import.meta.url)));
