import module from "./core.wasm";

// The module for workers, which must not compile code at run time: a file of the bundle, compiled before.

export const hasOtherServers = true;

export const loadModule = async (): Promise<WebAssembly.Module> => module;
