/** Compiles a module, or says what may forbid that here. */
export const compile = async (bytes: Uint8Array): Promise<WebAssembly.Module> => {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new Error(
      `WebAssembly may not be compiled here (${(error as Error).message}). A page needs ` +
        "'wasm-unsafe-eval' in the script-src of its Content-Security-Policy; a worker's bundle " +
        "has to be made with the condition \"workerd\"",
      { cause: error },
    );
  }
};
