import { closureOf } from "./closure.js";
import { type Course, type Load, membersOf, type Read } from "./load.js";

// The dependencies of every installed package, a few packages at a time. Most of them end in the same
// libraries, so the same keys come up again and again.

const installed = "packages:installed";

// One alone would mostly wait for the next few replies.
const walksAtATime = 8;

interface Walk {
  readonly closure: ReturnType<typeof closureOf>;
  reads: readonly Read[];
}

const begin = (root: string): Walk => {
  const closure = closureOf(root);
  const first = closure.next();
  return { closure, reads: first.done ? [] : first.value };
};

export const walk: Load = {
  // Less than a third of what the packages of a small installation take.
  cacheKb: () => 256,
  readsPerPoint: 500,
  prepare: async (writer) => {
    if (await writer.scard(installed) > 0) return;
    throw new Error(`there is no package data on this server (${installed} is empty); ./dev demo loads it`);
  },
  *course(): Course {
    const [names] = yield { reads: [{ command: "SMEMBERS", key: installed }], part: 0 };
    const roots = membersOf(names);
    let begun = 0;
    let members = 0;
    let walks: Walk[] = [];
    for (;;) {
      while (walks.length < walksAtATime && begun < roots.length) walks.push(begin(roots[begun++]!));
      if (walks.length === 0) break;
      const part = (begun - walks.length) / roots.length;
      const replies = yield { reads: walks.flatMap(({ reads }) => reads), part };
      let at = 0;
      walks = walks.filter((walk) => {
        const next = walk.closure.next(replies.slice(at, at += walk.reads.length));
        if (next.done) members += next.value.length;
        else walk.reads = next.value;
        return !next.done;
      });
    }
    return `${roots.length} packages, with ${members.toLocaleString("en")} in their closures`;
  },
};
