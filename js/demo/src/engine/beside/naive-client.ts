import { RespReader } from "./resp-reader.js";

// A client as one writes it first, and as many are: each request is encoded and handed to the socket
// at once, and its promise is put in a row. It is correct, it is fast, and nothing bounds it.

const text = new TextEncoder();

const encode = (words: readonly string[]): Uint8Array<ArrayBuffer> => {
  const parts = words.map((word) => `$${text.encode(word).length}\r\n${word}\r\n`);
  return text.encode(`*${words.length}\r\n${parts.join("")}`);
};

const base64url = (token: string): string =>
  btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

interface Waiting {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (why: Error) => void;
}

export class NaiveClient {
  readonly #socket: WebSocket;
  #waiting: Waiting[] = [];
  #answered = 0;
  readonly #replies = new RespReader();

  static async connect(address: string, token: string): Promise<NaiveClient> {
    const socket = new WebSocket(address, ["resp", `bearer.${base64url(token)}`]);
    socket.binaryType = "arraybuffer";
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("close", () => reject(new Error("the bridge refused the connection")));
    });
    return new NaiveClient(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => this.#read(data));
    socket.addEventListener("close", ({ code, reason }) => {
      const why = new Error(`the connection was closed: ${code} ${reason}`);
      for (const { reject } of this.#waiting.slice(this.#answered)) reject(why);
    });
  }

  /** Bytes that were handed to the socket and have not left. */
  get bytesQueued(): number { return this.#socket.bufferedAmount; }
  /** Requests that have no reply yet. */
  get waiting(): number { return this.#waiting.length - this.#answered; }

  command(words: readonly string[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.send(encode(words));
    });
  }

  #read(data: ArrayBuffer): void {
    for (const reply of this.#replies.read(data)) {
      const { resolve, reject } = this.#waiting[this.#answered++]!;
      if (reply instanceof Error) reject(reply);
      else resolve(reply);
    }
    if (this.waiting > 0) return;
    this.#waiting = [];
    this.#answered = 0;
  }

  close(): void { this.#socket.close(); }
}
