import { type LineWhile, LineWatch } from "../line-watch.js";
import { type Outcome, Outcomes } from "../outcomes.js";
import { burst } from "./burst.js";
import { cut } from "./cut.js";
import { hugeReply } from "./huge-reply.js";
import { slowConsumer } from "./slow-consumer.js";
import { stall } from "./stall.js";
import type { Ending, Trouble } from "./trouble.js";

// One trouble at a time, with the line watched.

const troubles = { burst, slowConsumer, cut, stall, hugeReply } satisfies Record<string, Trouble>;

export type TroubleName = keyof typeof troubles;

export interface Run extends Ending {
  readonly outcomes: readonly Outcome[];
  readonly line: LineWhile;
}

let underWay: TroubleName | undefined;

/** Services of the worker; `show` tells the page what there is to be seen. */
export const troubleServices = (show: () => void) => ({
  makeTrouble: async (name: TroubleName, choice = ""): Promise<Run> => {
    if (underWay !== undefined) throw new Error(`${underWay} is not over yet`);
    underWay = name;
    const watch = new LineWatch(show);
    const outcomes = new Outcomes();
    try {
      const ending = await troubles[name]({ watch, outcomes }, choice);
      return { ...ending, outcomes: outcomes.list(), line: watch.end() };
    } finally {
      watch.end();
      underWay = undefined;
    }
  },
});
