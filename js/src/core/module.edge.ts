import module from "./core.wasm?module";

// The module for other edge runtimes: as for workers (module.workerd.ts), by the name that these have for it.

export const loadModule = async (): Promise<WebAssembly.Module> => module;
