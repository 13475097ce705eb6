import type { EventEmitter } from "node:events";
import { Client, ConnectionError, LimitError, type PlimsollError } from "../index.js";
import { startTimer, stopTimer } from "../own-timers.js";
import { callBack } from "./arguments.js";
import type { Settings } from "./options.js";
import { closedText, errorOf, eventErrorOf, isClosed, isLoginRefusal, isNeedlessPassword,
  wantsPassword } from "./replies.js";

// As it was when this was loaded: for the reason that own-timers.ts gives.
const nextTick: typeof process.nextTick = process.nextTick.bind(process);

// The clients of one Redis. When one ends, another takes its place, as retryStrategy says.

// The most calls that wait for a client, while the core is loaded or between two attempts. Calls that wait for
// the connection of a client count in the memory line.
const callsWaitingMax = 10_000;

interface Expected {
  readonly client: Promise<Client>;
  resolve(client: Client): void;
  reject(error: Error): void;
}

const expected = (): Expected => {
  let settle!: Omit<Expected, "client">;
  const client = new Promise<Client>((resolve, reject) => { settle = { resolve, reject }; });
  client.catch(() => {});  // calls that wait for it have the error
  return { client, ...settle };
};

const isOfNoConnection = (error: unknown): boolean => error instanceof ConnectionError && error.executed === "no";

/** What else belongs to a client. */
export interface Belongings {
  /** The client has ended. */
  leave(): void;
  /** Another client has taken its place. */
  moveTo(): void;
}

/** The clients of one Redis, with its status and its events. */
export class Life {
  readonly #redis: EventEmitter & { status: string };
  readonly #settings: Settings;
  readonly #belongings: Belongings;
  #client: Promise<Client> | undefined;
  /** The client, once there is one that has not ended. */
  #live: Client | undefined;
  /** The client that replace() ends. */
  #ending: Promise<Client> | undefined;
  /** The client that follows, until it is begun. */
  #next: Expected | undefined;
  #callsWaiting = 0;
  #failures = 0;
  /** Why the server did not let the last client in. */
  #refusal: PlimsollError | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosing = false;
  // The server wants no password, although the options have one: ioredis goes on without it then. Calls may have been
  // made before the server says so.
  #goesWithoutPassword = false;
  #isLetIn: boolean;

  constructor(redis: EventEmitter & { status: string }, settings: Settings, belongings: Belongings) {
    this.#redis = redis;
    this.#settings = settings;
    this.#belongings = belongings;
    this.#isLetIn = settings.client.password === undefined;
    if (settings.options.lazyConnect !== true) this.connect().catch(() => {});  // it is an event
    else this.#emitLater("wait");
  }

  /** Rejects if the first attempt fails; then goes on as retryStrategy says. */
  async connect(): Promise<void> {
    if (this.#client !== undefined) throw new Error("Redis is already connecting/connected");
    const isAnother = this.#redis.status === "end";
    this.#isClosing = false;
    this.#client = this.#begin();
    const client = await this.#client;
    if (isAnother) this.#belongings.moveTo();
    await this.#call(client, (each) => each.ping()).catch((error: unknown) => {
      throw this.errorOf(error, "auth", []);
    });
  }

  /** Calls `use` with the client: at once if there is one and no call waits, so that calls of all kinds are sent in
      their order. */
  async with<T>(use: (client: Client) => Promise<T>): Promise<T> {
    if (this.#isClosing) throw isClosed();
    if (this.#settings.options.enableOfflineQueue === false && this.#redis.status !== "ready") {
      // Later calls find a connection.
      if (this.#client === undefined && this.#redis.status === "wait") this.connect().catch(() => {});
      throw new Error("Stream isn't writeable and enableOfflineQueue options is false");
    }
    if (this.#live !== undefined && this.#callsWaiting === 0) return this.#call(this.#live, use);
    return this.#waitFor(use);
  }

  #call<T>(client: Client, use: (client: Client) => Promise<T>): Promise<T> {
    if (this.#isLetIn) return use(client);
    return use(client).catch((error: unknown) => {
      if (!this.#goesWithoutPassword || !isOfNoConnection(error)) throw error;
      return this.#waitFor(use);
    });
  }

  /** The client, without a look at the options. Behind a password that the server may not want it comes once the server
      has let it in, since what is opened on a client is not opened again on the next. */
  async connected(): Promise<Client> {
    if (!this.#isLetIn) await this.#waitFor((client) => client.ping());
    return this.#live ?? this.#waitFor(async (client) => client);
  }

  async #waitFor<T>(use: (client: Client) => Promise<T>): Promise<T> {
    if (this.#client === undefined && this.#redis.status === "end") throw isClosed();
    if (this.#callsWaiting >= callsWaitingMax) {
      throw new LimitError("rejected_by_limit", `${callsWaitingMax} calls wait for a connection already`);
    }
    ++this.#callsWaiting;
    let client: Client;
    try {
      client = await (this.#client ??= this.#begin());
    } finally {
      --this.#callsWaiting;  // and no other call comes in between: use() is called in the same turn
    }
    return this.#call(client, use);
  }

  #begin(): Promise<Client> {
    this.#refusal = undefined;
    this.#setStatus("connecting");
    const { address, client: given } = this.#settings;
    const options = this.#goesWithoutPassword ? { ...given, username: undefined, password: undefined } : given;
    const made = Client.connect(address, { ...options, lazyConnect: true }).then((client) => {
      client.on("connected", () => {
        this.#failures = 0;
        this.#isLetIn = true;
        this.#setStatus("connect");
        this.#setStatus("ready");
      });
      client.on("disconnected", () => {
        this.#setStatus("close");
        this.#setStatus("reconnecting", options.reconnectWaitMin);
      });
      client.on("closed", (error) => this.#handleClosed(error));
      this.#live = client;
      return client;
    });
    made.catch((error: PlimsollError) => this.#handleClosed(error));
    return made;
  }

  #setStatus(status: string, ...more: unknown[]): void {
    this.#redis.status = status;
    if (status === "connecting") this.#emitLater(status);
    else this.#redis.emit(status, ...more);
  }

  // The constructor sets a status before anybody can listen.
  #emitLater(status: string): void {
    nextTick(() => {
      if (this.#redis.status === status) this.#redis.emit(status);
    });
  }

  #emitError(error: Error): void {
    const shown = eventErrorOf(error);
    if (this.#redis.listenerCount("error") > 0) this.#redis.emit("error", shown);
    else console.error("[plimsoll/ioredis] Unhandled error event:", shown.stack);
  }

  #handleClosed(error: PlimsollError): void {
    this.#belongings.leave();
    this.#live = undefined;
    const isOver = this.#isClosing || error.code === "closed" && this.#ending === undefined;
    this.#ending = undefined;
    if (!isOver && this.#leavesPasswordOut(error)) return this.#beginNext();
    if (!isOver && error.code !== "closed") {
      if (isLoginRefusal(error)) this.#refusal = error;
      this.#emitError(error);
    }
    this.#goOn(isOver);
  }

  // Whether another client is to try at once without the password. It has the password again once a server wants one.
  #leavesPasswordOut(error: PlimsollError): boolean {
    const { password, credentials } = this.#settings.client;
    if (this.#goesWithoutPassword) this.#goesWithoutPassword = !wantsPassword(error);
    else if (password !== undefined && credentials === undefined && isNeedlessPassword(error)) {
      this.#goesWithoutPassword = this.#isLetIn = true;
      console.warn("[plimsoll/ioredis] The server wants no password; it is left out.");
      return true;
    }
    return false;
  }

  #goOn(isOver: boolean): void {
    this.#setStatus("close");
    const wait = isOver || this.#isClosing ? null : this.#askStrategy();  // a listener may have closed it
    if (typeof wait !== "number") return this.#finish();
    this.#expect();
    this.#timer = startTimer(() => this.#beginNext(), wait);
    this.#setStatus("reconnecting", wait);
  }

  #beginNext(): void {
    const next = this.#expect();
    this.#next = undefined;
    this.#begin().then(next.resolve, next.reject);
    next.client.then((client) => client.ping()).catch(() => {});  // has it connect; a failure is an event
    this.#belongings.moveTo();
  }

  // What the function throws is uncaught, as it is in ioredis, and there is no other attempt.
  #askStrategy(): unknown {
    const { retryStrategy } = this.#settings;
    let wait: unknown;
    callBack(() => { wait = retryStrategy(++this.#failures); }, null);
    return wait;
  }

  #expect(): Expected {
    this.#next ??= expected();
    this.#client = this.#next.client;
    return this.#next;
  }

  #giveUp(): void {
    this.#next?.reject(isClosed());
    this.#next = undefined;
  }

  #finish(): void {
    this.#giveUp();
    this.#client = undefined;
    this.#setStatus("end");
  }

  /** Ends the client, and has another one follow, as retryStrategy says. Calls wait for that one. */
  replace(): void {
    if (this.#redis.status === "wait") return this.#goOn(false);
    if (this.#live === undefined) return;  // another one follows already, or none
    const live = this.#live;
    this.#ending = this.#client;
    this.#live = undefined;
    this.#expect();
    live.close().catch(() => {});
  }

  /** Calls that wait for the client go first, and `before` is called with the client behind them. */
  async quit(before: (client: Client) => Promise<unknown>): Promise<"OK"> {
    const closed = (this.#ending ?? this.#client)?.then((client) => before(client).then(() => client.close()))
      .then(() => true, () => false);
    this.#isClosing = true;
    stopTimer(this.#timer);
    if (this.#live === undefined) this.#giveUp();
    const hadClient = await closed;
    if (hadClient === true || !this.#isClosing || this.#redis.status === "end") return "OK";
    if (this.#redis.status === "wait") this.#setStatus("close");
    this.#finish();
    return "OK";
  }

  /** The error of a command. If the server did not let the client in, it has the server's words. */
  errorOf(error: unknown, name: string, args: readonly unknown[]): Error {
    const isRefused = this.#refusal !== undefined && error instanceof ConnectionError && error.executed === "no"
      && error.message !== closedText;
    return errorOf(isRefused ? this.#refusal : error, name, args);
  }
}
