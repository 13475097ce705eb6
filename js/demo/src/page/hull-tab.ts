import { asBytes } from "./format.js";

// What the browser itself says that the tab takes: the page, its worker, WebAssembly's memory. It waits
// for a garbage collection, so that an answer may take seconds.

const interval = 5000;
const none = "this browser does not tell";

type Measure = () => Promise<{ bytes: number }>;

/** Tells it in words, again and again. */
export const watchTabMemory = (tell: (words: string) => void): void => {
  const { measureUserAgentSpecificMemory: measure } =
    performance as Performance & { measureUserAgentSpecificMemory?: Measure };
  if (!crossOriginIsolated || measure === undefined) return tell(none);
  const look = async (): Promise<void> => {
    const { bytes } = await measure.call(performance);
    tell(asBytes(bytes));
    setTimeout(again, interval);
  };
  const again = (): void => { look().catch(() => tell(none)); };
  again();
};
