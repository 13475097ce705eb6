import module from "./core.wasm?module";

// The module for other edge runtimes: as for workers (module.workerd.ts), imported as these runtimes need it.

export const hasOtherServers = true;

export const loadModule = async (): Promise<WebAssembly.Module> => module;
