import { described } from "./commands/problem.js";
import { wordsOf } from "./errors.js";
import { clockNow, startTimer, stopTimer } from "./own-timers.js";
import type { Connect, Transport } from "./transport/transport.js";

// Credentials that a function gives, for servers whose passwords are tokens that expire.

/** What the function of ClientOptions.credentials returns. */
export interface Credentials {
  /** The user. Default: ClientOptions.username, or else the default user. */
  readonly username?: string | undefined;
  /** The password, or the token that stands for it. */
  readonly password: string;
  /** For how many milliseconds new connections may use these. The client asks for the next ones before that
      (credentialsRefreshBefore), and logs in with them on open connections, too. Default: 0: for the
      connections that are being opened now. */
  readonly lifetime?: number | undefined;
}

/** The options that a CredentialsSource follows. */
export interface CredentialsOptions {
  readonly ask: () => Credentials | Promise<Credentials>;
  readonly username: string;
  readonly refreshBefore: number;
  readonly connectTimeout: number;
  readonly waitMin: number;
  readonly waitMax: number;
}

/** The client that has a source. */
export interface CredentialsOwner {
  /** Has connections log in with these from now on, open ones as well. Throws if there is no memory. */
  setCredentials(username: string, password: string): void;
  handleNoCredentials(why: unknown): void;
}

// The most calls of the function that are without an answer; further ones are not made.
const unansweredMax = 16;

// Longer timers fire at once. The client asks more often then.
const timerMsMax = 0x7fffffff;

const checked = (credentials: Credentials): Credentials => {
  if (typeof credentials !== "object" || credentials === null) {
    throw new TypeError(`credentials: got ${described(credentials)}; give { username, password, lifetime }`);
  }
  const { username, password, lifetime } = credentials;
  if (typeof password !== "string" || password === "") {
    throw new TypeError("credentials: no password was given, or it is no text");
  }
  if (username !== undefined && typeof username !== "string") {
    throw new TypeError(`credentials: the username is ${described(username)}; give a text`);
  }
  if (lifetime !== undefined && !(typeof lifetime === "number" && lifetime >= 0)) {
    throw new TypeError(`credentials: the lifetime is ${described(lifetime)}; give milliseconds`);
  }
  return credentials;
};

/**
 * Asks for credentials before a connection is opened, unless the last ones still last, and before they end.
 * If a renewal fails, asks again after waits that grow; open connections go on meanwhile. A call that is not
 * answered in time has failed; a late answer is used all the same, unless a later call was answered before.
 */
export class CredentialsSource {
  readonly #owner: CredentialsOwner;
  readonly #options: CredentialsOptions;
  #asking: Promise<void> | undefined;
  #goodUntil = -Infinity;
  #failures = 0;
  #hasFailed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;
  // Calls of the function, those without an answer, and the number of the call whose answer is in use.
  #calls = 0;
  #unanswered = 0;
  #used = 0;
  // Ends the request that is under way; has no effect behind its end. A function may throw undefined, so a failure is
  // told by there being an object.
  #settle: (failed?: { readonly why: unknown }) => void = () => {};

  constructor(options: CredentialsOptions, owner: CredentialsOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** Makes connections wait for credentials before they are opened by `connect`. */
  wrap(connect: Connect): Connect {
    return (address, events, options) => {
      let transport: Transport | undefined;
      let isOver = false;
      const open = (): void => {
        if (!isOver) transport = connect(address, events, options);
      };
      const fail = (problem: unknown): void => {
        if (!isOver) events.closed(new Error(`there are no credentials: ${wordsOf(problem)}`));
      };
      this.#want().then(open).catch(fail);
      return {
        get canPause() { return transport?.canPause ?? false; },
        get grant() {
          const inner = transport;
          return inner?.grant === undefined ? undefined : (bytes: number) => inner.grant!(bytes);
        },
        write: (bytes) => transport!.write(bytes),
        pause: () => { transport?.pause(); },
        resume: () => { transport?.resume(); },
        close: (why) => {
          isOver = true;
          transport?.close(why);
        },
      };
    };
  }

  /** Whether the function failed the last time that it was asked. */
  get hasProblem(): boolean { return this.#hasFailed; }

  /** The server refused the last credentials: asks for others after a wait. */
  handleRefused(): void {
    this.#goodUntil = -Infinity;
    if (this.#asking === undefined) this.#askIn(this.#wait());
  }

  /** The client has ended. */
  stop(): void {
    this.#isOver = true;
    stopTimer(this.#timer);
  }

  // Resolves when a new connection may log in.
  async #want(): Promise<void> {
    if (clockNow() >= this.#goodUntil) await this.#ask();
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#askOnce().finally(() => { this.#asking = undefined; });
    return this.#asking;
  }

  async #askOnce(): Promise<void> {
    stopTimer(this.#timer);
    const renews = this.#goodUntil > -Infinity;
    try {
      await this.#answered();
    } catch (error) {
      if (this.#isOver) return;
      this.#hasFailed = true;
      this.#owner.handleNoCredentials(error);
      if (renews) this.#askIn(this.#wait());
      throw error;
    }
  }

  // Resolves when there are credentials, also those of an earlier call whose answer is late. Rejects in time for
  // the attempt to connect to say so before connectTimeout.
  #answered(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (text: string): void => this.#settle({ why: new Error(text) });
      const timer = startTimer(() => fail("the function did not answer in time"), this.#options.connectTimeout / 4 * 3);
      this.#settle = (failed) => {
        stopTimer(timer);
        if (failed === undefined) resolve();
        else reject(failed.why);
      };
      if (this.#unanswered < unansweredMax) this.#call();
      else fail(`${unansweredMax} calls of the function have not been answered`);
    });
  }

  async #call(): Promise<void> {
    const number = ++this.#calls;
    ++this.#unanswered;
    try {
      const credentials = checked(await this.#options.ask());
      if (!this.#isOver && number > this.#used) this.#use(number, credentials);
      this.#settle();
    } catch (error) {
      if (number === this.#calls) this.#settle({ why: error });
    } finally {
      --this.#unanswered;
    }
  }

  #use(number: number, { username, password, lifetime = 0 }: Credentials): void {
    this.#owner.setCredentials(username ?? this.#options.username, password);
    this.#used = number;
    this.#failures = 0;
    this.#hasFailed = false;
    this.#goodUntil = clockNow() + lifetime;
    if (lifetime > 0 && lifetime < Infinity) {
      const wait = lifetime - Math.min(this.#options.refreshBefore, lifetime / 2);
      this.#askIn(Math.max(wait, this.#options.waitMin));
    }
  }

  #askIn(wait: number): void {
    stopTimer(this.#timer);
    if (this.#isOver) return;
    this.#timer = startTimer(() => { this.#ask().catch(() => {}); }, Math.min(wait, timerMsMax));
  }

  #wait(): number {
    const { waitMin, waitMax } = this.#options;
    return Math.min(waitMax, waitMin * 2 ** this.#failures++) * (0.5 + Math.random() / 2);
  }
}
