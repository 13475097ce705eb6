import type { Answer, News, Question, Refusal } from "./remote.js";

// The worker's side: answers what the page asks.

export const tell = (news: string, value: unknown): void => {
  postMessage({ news, value } satisfies News);
};

const refusalOf = (error: unknown): Refusal => {
  const { name, message } = error as Error;
  return { name: name ?? "Error", message: message ?? String(error) };
};

export const serve = (services: Record<string, (...values: any[]) => unknown>): void => {
  addEventListener("message", async ({ data }: MessageEvent<Question>) => {
    const { id, name, values } = data;
    let answer: Answer;
    try {
      const service = services[name];
      if (service === undefined) throw new Error(`there is no service ${name}`);
      answer = { id, value: await service(...values) };
    } catch (error) {
      answer = { id, error: refusalOf(error) };
    }
    postMessage(answer);
  });
};
