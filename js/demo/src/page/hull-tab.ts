import { asBytes } from "./format.js";
import { measureTab } from "./tab-memory.js";

// What the tab takes, in the browser's own words, again and again.

const interval = 5000;

type Words = readonly [string, string];

export const watchTabMemory = (tell: (words: Words) => void): void => {
  const look = async (): Promise<void> => {
    const measured = await measureTab();
    if (measured === undefined) return tell(["–", "this browser does not tell"]);
    const isWithWorker = measured.of("#page") !== undefined;
    tell([asBytes(measured.whole), `${isWithWorker ? "with" : "without"} the client's worker`]);
    setTimeout(again, interval);
  };
  const again = (): void => { look().catch((error: Error) => tell(["–", error.message])); };
  again();
};
