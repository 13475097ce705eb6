import type { TroubleName } from "../engine/troubles/run.js";

// The troubles in words.

export interface Kind {
  readonly name: TroubleName;
  readonly title: string;
  readonly button: string;
  readonly about: string;
  /** What to do where a limit is reached: value and words, the first one at first. */
  readonly choice?: { readonly label: string; readonly options: readonly (readonly [string, string])[] };
  /** It needs a token that may kill and pause. */
  readonly breaksTheServer?: true;
}

export const kinds: readonly Kind[] = [
  {
    name: "burst",
    title: "Burst",
    button: "Send 100,000 requests at once",
    about: "100,000 SETs of 1 KiB, none awaited before the next one is asked: some 100 MiB, if all " +
      "were kept.",
    choice: { label: "Beyond the limit", options: [
      ["refuse", "refuse: a LimitError"],
      ["wait", "wait in line, as long as the line has room"],
      ["again", "wait in line; who is refused asks again"],
    ] },
  },
  {
    name: "slowConsumer",
    title: "Slow consumer",
    button: "Publish 20,000 messages",
    about: "Another client publishes 20,000 messages of 512 B; the one who listens takes a few hundred " +
      "a second, for four seconds.",
    choice: { label: "Beyond the room for them", options: [
      ["drop-oldest", "drop-oldest"],
      ["drop-newest", "drop-newest"],
      ["pause-reading", "pause-reading: the server holds them"],
    ] },
  },
  {
    name: "hugeReply",
    title: "A reply that cannot fit",
    button: "Ask for a huge reply",
    about: "GET of a value four times as large as the line: 64 MiB into 16, unless you moved it. A PING " +
      "is sent right behind it.",
  },
  {
    name: "cut",
    title: "Cut the connection",
    button: "Cut the connection",
    about: "The server ends the reading client's connection (CLIENT KILL) while 16 callers read and write.",
    breaksTheServer: true,
  },
  {
    name: "stall",
    title: "Stall the server",
    button: "Stall the server",
    about: "The server answers nobody for 1.5 s (CLIENT PAUSE), while 16 callers wait 500 ms at most.",
    breaksTheServer: true,
  },
];
