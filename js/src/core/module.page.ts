import { letters } from "../generated/page.payload.js";
import { compile } from "./compile.js";
import { fromLetters } from "./letters.js";

// The module for pages, which have no TCP: its clients have one server, so it is two fifths smaller. It is text inside
// this package's own code, which every bundler includes, and which servers compress with the rest of a script.

export const hasOtherServers = false;

export const loadModule = (): Promise<WebAssembly.Module> => compile(fromLetters(letters));
