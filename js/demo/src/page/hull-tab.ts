import { asBytes } from "./format.js";

// What the browser itself says that the tab takes. It waits for a garbage collection, so that an answer
// may take seconds, and says whose bytes they are: not every browser counts those of workers.

const interval = 5000;
const none = ["–", "this browser does not tell"] as const;

type Words = readonly [string, string];

interface Part { readonly attribution: readonly { readonly scope: string }[] }
type Measure = () => Promise<{ readonly bytes: number; readonly breakdown: readonly Part[] }>;

const isOfWorker = ({ attribution }: Part): boolean =>
  attribution.some(({ scope }) => scope.startsWith("DedicatedWorker"));

/** Tells it, again and again. */
export const watchTabMemory = (tell: (words: Words) => void): void => {
  const { measureUserAgentSpecificMemory: measure } =
    performance as Performance & { measureUserAgentSpecificMemory?: Measure };
  if (!crossOriginIsolated || measure === undefined) return tell(none);
  const look = async (): Promise<void> => {
    const { bytes, breakdown } = await measure.call(performance);
    tell([asBytes(bytes), breakdown.some(isOfWorker) ? "with the client's worker" : "without the client's worker"]);
    setTimeout(again, interval);
  };
  const again = (): void => { look().catch(() => tell(none)); };
  again();
};
