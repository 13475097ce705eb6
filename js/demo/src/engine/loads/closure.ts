import { membersOf, type Read, type Reply } from "./load.js";

// All that a package needs, found by reading: its version, what it says of itself, its relations, and
// of each relation the first alternative that is installed, or whoever provides it. demo/walk.cc does
// the same natively.

/** What was asked last, and what its reply will tell. */
type Topic = "version" | "fields" | "depends" | "providers";
interface Question { readonly topic: Topic; readonly name: string }

/** One relation "a | b" that waits for what its alternatives turn out to be. */
interface Need { readonly names: readonly string[]; tried: number }

type Standing = "asked" | "present" | "provided" | "absent";
interface Known { standing: Standing; readonly waiting: Need[] }

const readOf = ({ topic, name }: Question): Read => {
  switch (topic) {
    case "version": return { command: "GET", key: `package:${name}` };
    case "fields": return { command: "HGETALL", key: `package:${name}:fields` };
    case "depends": return { command: "SMEMBERS", key: `package:${name}:depends` };
    case "providers": return { command: "SMEMBERS", key: `provides:${name}` };
  }
};

class Closure {
  readonly members: string[] = [];
  readonly #names = new Map<string, Known>();
  #questions: Question[] = [];

  constructor(root: string) { this.#ask(root); }

  takeQuestions(): Question[] {
    const taken = this.#questions;
    this.#questions = [];
    return taken;
  }

  handleReply({ topic, name }: Question, reply: Reply): void {
    switch (topic) {
      case "version": return this.#handleVersion(name, reply);
      case "fields": return;
      case "depends":
        for (const relation of membersOf(reply)) this.#follow({ names: relation.split(" | "), tried: 0 });
        return;
      case "providers": return this.#handleProviders(name, membersOf(reply));
    }
  }

  #ask(name: string): Known {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const asked: Known = { standing: "asked", waiting: [] };
    this.#names.set(name, asked);
    this.#questions.push({ topic: "version", name });
    return asked;
  }

  #follow(need: Need): void {
    for (; need.tried < need.names.length; ++need.tried) {
      const known = this.#ask(need.names[need.tried]!);
      if (known.standing === "asked") {
        known.waiting.push(need);
        return;
      }
      if (known.standing !== "absent") return;
    }
  }

  #settle(name: string, standing: Standing): void {
    const known = this.#names.get(name)!;
    known.standing = standing;
    for (const need of known.waiting.splice(0)) this.#follow(need);
  }

  #handleVersion(name: string, reply: Reply): void {
    if (typeof reply !== "string") {
      this.#questions.push({ topic: "providers", name });
      return;
    }
    this.members.push(name);
    this.#questions.push({ topic: "fields", name }, { topic: "depends", name });
    this.#settle(name, "present");
  }

  #handleProviders(name: string, providers: readonly string[]): void {
    const [first] = providers;
    if (first === undefined) return this.#settle(name, "absent");
    this.#ask(first);
    this.#settle(name, "provided");
  }
}

/** Yields what can be read at a time, and returns the names of all that belong to `root`. */
export function* closureOf(root: string): Generator<readonly Read[], readonly string[], readonly Reply[]> {
  const closure = new Closure(root);
  for (let asked = closure.takeQuestions(); asked.length > 0; asked = closure.takeQuestions()) {
    const replies = yield asked.map(readOf);
    asked.forEach((question, index) => closure.handleReply(question, replies[index]));
  }
  return closure.members;
}
