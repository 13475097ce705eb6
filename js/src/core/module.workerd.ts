import module from "./core.wasm";

// Workers compile no code at run time: the module comes compiled, as a file of the bundle.

export const loadModule = async (): Promise<WebAssembly.Module> => module;
