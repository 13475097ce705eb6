import module from "./core.wasm?module";

// As for workers, by the name that other edge runtimes have for it.

export const loadModule = async (): Promise<WebAssembly.Module> => module;
