import { listenForAbort } from "./abort-listeners.js";
import { Afterwards } from "./afterwards.js";
import { addressAt, serverOf } from "./address.js";
import { refusedArguments, refusedCall } from "./caller-stack.js";
import { Changes } from "./changes.js";
import { Cluster } from "./cluster.js";
import type { CallOptions, Word } from "./commands/call.js";
import { ownCallOptions } from "./commands/call-options.js";
import { wishOf } from "./commands/decoders.js";
import { actions, errorNames, events, more, nodeWords, outboxAt, outcomes, peers,
  recordWords } from "./core/abi.js";
import { ask, askAdmitted, askAdmittedTransaction, askAt, askCache, askOn, askTransaction, timeoutOf } from
  "./core/ask.js";
import type { Core, Failable } from "./core/core.js";
import { stage } from "./core/encode.js";
import type { Decoding } from "./core/decode.js";
import { type CoreError, LimitError, type PlimsollError, abortedBefore } from "./errors.js";
import { Full } from "./full.js";
import { Held, HeldWords } from "./held.js";
import { LastWords } from "./last-words.js";
import { Link, type LinkOwner, type Route, type Way } from "./link.js";
import { MainAddress } from "./main-address.js";
import { Outcomes } from "./outcomes.js";
import { inMicrotask } from "./own-timers.js";
import { Refusals } from "./refusals.js";
import { Replicas } from "./replicas.js";
import { type Pending, Requests, type Wanted } from "./requests.js";
import { Sentinels } from "./sentinels.js";
import { type ClientCounters, type ClusterStatistics, type ReplicasStatistics, noCluster, noReplicas, readCounters } from "./statistics.js";
import { isTraced, traced, type TracedTarget, tracedTransaction } from "./tracing.js";
import type { Topology } from "./topology.js";
import { noteBegun, noteEnded } from "./totals.js";
import type { Address } from "./transport/transport.js";
import { TurnTimer } from "./turn-timer.js";

// Moves bytes, time and outcomes between a client in the core, its connections (Link) and its promises
// (Requests). Client and its subscriptions and transactions call it. More than 500 lines, because each way of a
// request into the core (alone, in a transaction, on an exclusive connection, from the cache) has the same ends.
//
//   submit() --> schedule() --> turn(), in a microtask: poll the core for events, settle promises, open
//                                and close connections, send what was staged, set the timer
//
// Invariants:
// - A turn sends all requests of one run of microtasks in one write.
// - Turns do not nest. A call in the middle of a turn (#turning) causes another turn after it.
// - No code of the caller's runs between a poll and the reading of all that it has reported (Afterwards).
// - Options of a call are read once, before the request has a tag: the object is the caller's.
// - Exceptions of other code (a decoder, a shape, a transport, a signal) are caught at the call, and become
//   the error of that one request, message or connection. Any other exception is a trap of the core, which
//   ends the instance, and with it all its clients.

/** Receives the events of a client as a whole. */
export interface DriverListener {
  handleReady(): void;
  handleDisconnected(error: PlimsollError): void;
  handleClosed(error: PlimsollError): void;
  handleCredentialsRefused(error: PlimsollError): void;
}

// Why a call is refused that was cancelled before it is made. The signal may be code of the caller's.
const refusalBy = (signal: NonNullable<CallOptions["signal"]>): unknown => {
  try {
    return signal.aborted ? abortedBefore(signal) : undefined;
  } catch (error) {
    return error;
  }
};

export class Driver implements Failable, LinkOwner {
  readonly core: Core;
  id = 0;
  /** Whether the user has closed the client. */
  isClosing = false;
  readonly #listener: DriverListener;
  readonly #route: Route;
  readonly #requests = new Requests();
  readonly #afterwards = new Afterwards();
  readonly #outcomes: Outcomes;
  readonly #refusals = new Refusals();
  readonly #full = new Full();
  #held: Held | undefined;
  readonly #links: (Link | undefined)[] = [];
  readonly starved: Set<Link> = new Set();
  readonly drained: Set<Link> = new Set();
  #over: PlimsollError | undefined;
  #turning = false;
  #turnAgain = false;
  #scheduled = false;
  readonly #timer: TurnTimer;
  // The time for which the core has asked.
  #wakeAt = Infinity;
  readonly #main: MainAddress;
  // Undefined if the addresses are those of servers.
  #sentinels: Sentinels | undefined;
  // Undefined if the primary answers everything.
  #replicas: Replicas | undefined;
  // Undefined if the addresses cannot be those of a cluster.
  #cluster: Cluster | undefined;
  readonly #lastWords: LastWords;
  #traced: TracedTarget;
  #lastCounters: ClientCounters | undefined;
  /** What is changed in commands, and in their replies. */
  readonly changes: Changes;
  readonly #changesNothing: boolean;

  /** `create` makes the client in the core and returns its id. */
  constructor(core: Core, route: Route, listener: DriverListener, create: () => number) {
    this.core = core;
    this.changes = new Changes(core, route.changes);
    this.#changesNothing = this.changes.areNone;
    this.#route = route;
    this.#listener = listener;
    this.id = core.ask(create);
    this.#lastWords = new LastWords(core);
    if (route.sentinels !== undefined) {
      this.#sentinels = new Sentinels(core, this.id, route.addresses, this.#lastWords);
    }
    if (route.readsReplicas) this.#replicas = new Replicas(core, this.id, this.#lastWords);
    if (route.mayBeCluster) this.#cluster = new Cluster(core, this.id, this.#lastWords);
    this.#main = new MainAddress(route, this.#sentinels, this.#cluster,
      () => errorNames[this.#readCounters().lastProblem]!);
    this.#traced = { address: this.server, database: route.database };
    this.#timer = new TurnTimer(core, () => this.#bytesRead(), () => this.#handleTimeout());
    this.#outcomes = new Outcomes(core, this.id, this.#requests, this.#afterwards);
    core.users.add(this);
    noteBegun(this);
    this.schedule();
  }

  /** The address of the main connection, or of the last attempt at one; before sentinels have told one, what stands
      for it. */
  get server(): Address { return this.#main.address; }

  /** Where requests go, and who has said so. */
  get topology(): Topology {
    const known = this.#replicas?.read();
    const ofReplicas = { replicas: known?.states ?? [],
      ...known?.problem === undefined ? {} : { replicasProblem: known.problem }, nodes: [] };
    const cluster = this.#cluster?.read();
    if (cluster !== undefined) {
      const { nodes, slotsUnserved, problem } = cluster;
      return { kind: "cluster", primary: serverOf(this.server), sentinels: [], ...ofReplicas, nodes,
        ...slotsUnserved === undefined ? {} : { slotsUnserved }, ...problem === undefined ? {} : { slotsProblem: problem } };
    }
    if (this.#sentinels === undefined) {
      return { kind: "standalone", primary: serverOf(this.server), sentinels: [], ...ofReplicas };
    }
    const { named } = this.#main;
    const primary = named === undefined ? undefined : serverOf(named);
    return { kind: "sentinel", primary, sentinels: this.#sentinels.read(), ...ofReplicas };
  }

  /** What was read from replicas. */
  get replicasStatistics(): ReplicasStatistics { return this.#replicas?.read().statistics ?? noReplicas; }

  /** What was sent on in the cluster. */
  get clusterStatistics(): ClusterStatistics { return this.#cluster?.read()?.statistics ?? noCluster; }

  /** The error with which this client has ended; undefined while it lives. */
  get end(): PlimsollError | undefined { return this.#over; }

  /** The core's numbers about this client; for a client that has ended, its last numbers. */
  get counters(): ClientCounters | undefined {
    return this.#over === undefined ? this.#readCounters() : this.#lastCounters;
  }

  #readCounters(): ClientCounters {
    const counters = readCounters(this.core, this.id);
    counters.rejected += this.#full.refused;
    return counters;
  }

  /** Connections that are open or being opened. */
  get connectionsOpen(): number {
    return this.#links.reduce((sum, link) => sum + (link === undefined ? 0 : 1), 0);
  }

  /** Counts the callers' words that are kept for later requests. */
  get held(): Held { return this.#held ??= new Held(this); }

  /** Bytes that were received on all connections and wait outside of the core. */
  get unreadBytes(): number {
    return this.#links.reduce((sum, link) => sum + (link?.unreadBytes ?? 0), 0);
  }

  // ---- Requests

  /** Submits one command. The promise settles with its outcome. */
  submit(words: readonly Word[], wanted: Wanted): Promise<unknown> {
    if (this.#over !== undefined) return this.#refusals.reject(this.#over);
    const { options } = wanted;
    return options === undefined ? this.#submitTraced(words, wanted)
      : this.#withOwn(wanted, options, (own) => this.#submitTraced(words, own));
  }

  #submitTraced(words: readonly Word[], wanted: Wanted): Promise<unknown> {
    if (isTraced()) return traced(this.#traced, words, () => this.#submitChanged(words, wanted));
    return this.#submitChanged(words, wanted);
  }

  #withOwn(wanted: Wanted, options: CallOptions, submit: (own: Wanted) => Promise<unknown>): Promise<unknown> {
    let own: Wanted;
    try {
      own = { ...wanted, options: ownCallOptions(options) };
    } catch (error) {
      return refusedArguments(error);
    }
    return submit(own);
  }

  #submitChanged(words: readonly Word[], wanted: Wanted): Promise<unknown> {
    if (this.#changesNothing) return this.#submit(words, wanted);
    try {
      return this.#submit(this.changes.words(words), this.changes.wanted(words, wanted));
    } catch (error) {
      return refusedCall(error);
    }
  }

  #submit(words: readonly Word[], wanted: Wanted): Promise<unknown> {
    const { core } = this;
    const signal = wanted.options?.signal;
    const refused = signal === undefined ? undefined : refusalBy(signal);
    if (refused !== undefined) return refusedCall(refused);
    if (this.#full.refuses(words)) return this.#refusals.reject(this.#full.error());
    const tag = this.#requests.nextTag;
    let outcome: number;
    try {
      core.enter();
      outcome = ask(core, this.id, words, tag, wanted.options);
      core.leave();
      if (outcome < 0) return this.#refuse(words);
    } catch (error) {
      return refusedArguments(core.blame(error));
    }
    if (outcome === outcomes.served) return this.#outcomes.answer(wanted);
    this.schedule();
    const reply = this.#wait(tag, wanted);
    if (outcome === outcomes.waits) this.#hold(tag, [words], false);
    return reply;
  }

  // Keeps the words of a request that waits for room. Ends the request if the pool cannot pay for them.
  #hold(tag: number, commands: readonly (readonly Word[])[], isTransaction: boolean): void {
    const pending = this.#requests.get(tag)!;
    try {
      pending.words = new HeldWords(this.held, commands, isTransaction);
    } catch (error) {
      ++this.#full.refused;
      if (!isTransaction) this.#noteFull(commands[0]!, error as Error);
      this.#giveUp(pending, error);
    }
  }

  // Cancels the request in the core; its promise rejects with `error` instead of a CancelledError.
  #giveUp(pending: Pending, error: unknown): void {
    pending.failure = error;
    if (this.#over === undefined) this.#cancel(pending);
  }

  #cancel({ low, high }: Pending): void {
    this.core.check(this.core.calls.plimsoll_cancel(this.id, low, high, this.core.now()));
  }

  #refuse(words: readonly Word[]): Promise<never> {
    const refusal = this.core.refusal();
    this.#noteFull(words, refusal);
    // To shed load must cost little: that error has no stack of its own.
    return refusal instanceof LimitError ? this.#refusals.reject(refusal) : refusedCall(refusal);
  }

  #noteFull(words: readonly Word[], { message }: { message: string }): void {
    if (!this.#route.hasCache) this.#full.note(words, message);
  }

  /** Submits a transaction on the main connection (0) or an exclusive one. The promise settles with the
      reply to EXEC; `each` says how the reply to each command is wanted. */
  submitTransaction(connection: number, commands: readonly (readonly Word[])[],
    each: readonly Decoding[], options: CallOptions | undefined): Promise<unknown> {
    const run = () => this.#submitChangedBy(() => this.changes.all(commands), (all) => {
      let waiter: number | undefined;
      const reply = this.submitBy({ options, each }, (tag, _, timeout) => {
        const outcome = askTransaction(this.core, this.id, connection, all, tag, timeout);
        if (outcome === outcomes.waits) waiter = tag;
        return outcome;
      });
      if (waiter !== undefined) this.#hold(waiter, all, true);
      return reply;
    });
    return isTraced() ? tracedTransaction(this.#traced, commands.length, run) : run();
  }

  /** Submits one command on an exclusive connection. */
  submitTo(connection: number, words: readonly Word[], wanted: Wanted): Promise<unknown> {
    return this.#submitOn(words, wanted, (changed, tag, timeout) =>
      askOn(this.core, this.id, connection, changed, tag, timeout));
  }

  /** Submits one command to nodes of a cluster; `word`: the key or the address that says which, if there is one. */
  submitAt(where: number, word: readonly Word[], words: readonly Word[], wanted: Wanted): Promise<unknown> {
    return this.#submitOn(words, wanted, (changed, tag, timeout) =>
      askAt(this.core, this.id, where, [...word, ...changed], tag, timeout));
  }

  // Submits one command where the caller has chosen: `begin` calls the core with the changed words, a tag and the timeout.
  #submitOn(words: readonly Word[], given: Wanted,
    begin: (changed: readonly Word[], tag: number, timeout: number) => number): Promise<unknown> {
    const submit = (wanted: Wanted) => {
      const run = () => this.#submitChangedBy(() => this.changes.words(words), (changed) =>
        this.submitBy(this.changes.wanted(words, wanted), (tag, _, timeout) => begin(changed, tag, timeout)));
      return isTraced() ? traced(this.#traced, words, run) : run();
    };
    return given.options === undefined ? submit(given) : this.#withOwn(given, given.options, submit);
  }

  // A codec is code of the caller's: it may throw, and it may call this client. So it is asked before the request
  // has a tag, and outside of Core.ask(), which would take its RangeError for a trap.
  #submitChangedBy<Changed>(change: () => Changed, submit: (changed: Changed) => Promise<unknown>):
    Promise<unknown> {
    if (this.#over !== undefined) return this.#refusals.reject(this.#over);
    let changed: Changed;
    try {
      changed = change();
    } catch (error) {
      return refusedCall(error);
    }
    return submit(changed);
  }

  /** Submits any other request: `begin` calls the core with a tag, the time and the timeout. */
  submitBy(wanted: Wanted, begin: (tag: number, now: number, timeout: number) => number): Promise<unknown> {
    if (this.#over !== undefined) return this.#refusals.reject(this.#over);
    const { options } = wanted;
    return options === undefined ? this.#submitOwnBy(wanted, begin)
      : this.#withOwn(wanted, options, (own) => this.#submitOwnBy(own, begin));
  }

  #submitOwnBy(wanted: Wanted, begin: (tag: number, now: number, timeout: number) => number): Promise<unknown> {
    const signal = wanted.options?.signal;
    const refused = signal === undefined ? undefined : refusalBy(signal);
    if (refused !== undefined) return refusedCall(refused);
    const tag = this.#requests.nextTag;
    try {
      this.core.ask(() => begin(tag, this.core.now(), timeoutOf(wanted.options)));
      this.schedule();
      return this.#wait(tag, wanted);
    } catch (error) {
      return refusedCall(error);
    }
  }

  /** The value that the cache has for GET of this key; undefined if it has none. */
  lookUp(key: Word, given: Wanted): unknown {
    if (this.#over !== undefined) return undefined;
    let has: boolean;
    const wanted = given.options === undefined ? given : { ...given, options: ownCallOptions(given.options) };
    const changed = this.changes.key(key);
    try {
      this.core.enter();
      has = askCache(this.core, this.id, changed);
      this.core.leave();
    } catch (error) {
      throw this.core.blame(error);
    }
    if (!has) return undefined;
    return this.#outcomes.served(this.#changesNothing ? wanted : this.changes.wanted(["GET", key], wanted));
  }

  #wait(tag: number, wanted: Wanted): Promise<unknown> {
    const { core } = this;
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        resolve,
        reject,
        shape: wanted.shape,
        wish: wanted.wish ?? wishOf(wanted.options?.as),
        asMaps: wanted.asMaps === true,
        words: undefined,
        low: core.outboxNumber(outboxAt.request),
        high: core.outboxNumber(outboxAt.request + 4),
        part: wanted.part,
        signal: wanted.options?.signal,
        stopListening: undefined,
        each: wanted.each,
        refusal: undefined,
        failure: undefined,
      };
      this.#requests.put(tag, pending);
      if (pending.signal !== undefined) this.#listen(pending, pending.signal);
    });
  }

  #listen(pending: Pending, signal: NonNullable<CallOptions["signal"]>): void {
    pending.stopListening = listenForAbort(signal, () => this.#protectLater(() => {
      this.#cancel(pending);
      this.schedule();
    }));
  }

  /** Has connections log in with these from now on, open ones as well. Throws a LimitError if there is no
      memory. */
  setCredentials(username: string, password: string): void {
    if (this.#over !== undefined) return;
    this.core.ask(() => {
      stage(this.core, [username, password]);
      return this.core.calls.plimsoll_set_credentials(this.id);
    });
    this.schedule();
  }

  // ---- The client's end

  /** Accepts no more requests, and ends the client once the outstanding replies have come. */
  close(): void {
    this.isClosing = true;
    this.#protectLater(() => {
      this.core.check(this.core.calls.plimsoll_close(this.id, this.core.now()));
      this.schedule();
    });
  }

  /** The instance of the core has failed: ends the client without calling the core. */
  handleCoreFailed(error: CoreError): void {
    this.#sentinels?.giveUp();
    this.#replicas?.giveUp();
    this.#cluster?.giveUp();
    this.#finish(error);
    this.#listener.handleClosed(error);
  }

  /** Runs `act`, which handles an event of a transport, a timer or a signal. An exception in it is a trap of
      the core: it ends the instance, and must not reach the source of the event. */
  protect(act: () => void): void {
    if (this.#over !== undefined) return;
    try {
      this.core.checkWhole();
      act();
    } catch (error) {
      this.core.fail(error);
    }
  }

  // Runs `act` now, or after the current turn if there is one: the core must not be called in the middle of
  // its own events, and a transport that a turn calls may call back into any function.
  #protectLater(act: () => void): void {
    if (this.#turning) inMicrotask(() => this.protect(act));
    else this.protect(act);
  }

  handleTrouble(error: unknown, number: number): void {
    if (this.#lastWords.handleEnd(number, error)) return;
    this.#main.handleTrouble(error);
  }

  #finish(error: PlimsollError): void {
    this.#over = error;
    noteEnded(this);
    this.#timer.clear();
    this.core.users.delete(this);
    for (const link of this.#links) link?.close();
    this.#links.length = 0;
    this.#requests.rejectAll(error);
  }

  // ---- Turns

  /** Schedules a turn in a microtask, after those that are queued now. */
  schedule(): void {
    this.#full.clear();
    if (this.#turning) this.#turnAgain = true;
    if (this.#scheduled || this.#turning) return;
    this.#scheduled = true;
    inMicrotask(this.#scheduledTurn);
  }

  readonly #scheduledTurn = (): void => { this.#scheduled = false; this.turn(); };

  turn(): void {
    if (this.#over !== undefined) return;
    if (this.#turning) return this.schedule();
    this.#turning = true;
    this.#full.clear();
    try {
      this.core.checkWhole();
      do {
        this.#turnAgain = false;
        this.#pollAll();
      } while (this.#turnAgain && this.#over === undefined);
      if (this.#over === undefined) this.#timer.set(this.#wakeAt);
    } catch (error) {
      this.core.fail(error);
    } finally {
      this.#turning = false;
      this.#afterwards.run();  // what had come before the client ended
    }
  }

  #pollAll(): void {
    const { core } = this;
    let hasMore: boolean;
    do {
      const count = core.check(core.calls.plimsoll_poll(this.id));
      // Read before a transport is called, which may make calls that write to the same place.
      hasMore = core.outboxNumber(outboxAt.more) !== more.nothing;
      const namedHost = core.outboxNumber(outboxAt.namedPort) === 0 ? "" : core.spanText(0);
      if (count > 0) this.#tell(count);
      if (this.#over !== undefined) return;
      const action = core.outboxNumber(outboxAt.action);
      if (action !== actions.none) this.#act(action, core.outboxNumber(outboxAt.connection), namedHost);
    } while (hasMore);
    // Read before others are called, as above.
    const unsent = [core.outboxNumber(outboxAt.unsent), core.outboxNumber(outboxAt.unsent + 4)] as const;
    const hasNodes = core.outboxNumber(outboxAt.hasNodes) !== 0;
    this.#wakeAt = core.doubles[(core.outbox + outboxAt.timeout) >> 3]!;
    this.#afterwards.run();
    if (this.#over !== undefined) return;
    this.#flush(unsent[0], 0);
    this.#flush(unsent[1], 32);
    if (hasNodes) this.#flushNodes();
    for (const link of this.drained) {
      if (this.#over !== undefined) return;
      link.flush();
    }
    if (this.starved.size > 0) for (const link of [...this.starved]) link.resume();
  }

  // Connections to nodes of a cluster may be a thousand, so that the core names them one by one.
  #flushNodes(): void {
    const { core } = this;
    for (;;) {
      const connection = core.check(core.calls.plimsoll_unsent_node(this.id));
      if (connection === 0) return;
      this.#links[connection]?.flush();
      if (this.#over !== undefined) return;
    }
  }

  #flush(bits: number, first: number): void {
    for (let left = bits; left !== 0; left &= left - 1) {
      this.#links[first + 31 - Math.clz32(left & -left)]?.flush();
    }
  }

  #act(action: number, connection: number, namedHost: string): void {
    // Closing a transport may call other code, and the outbox belongs to the last call.
    const way = action === actions.open ? this.#wayOf(connection, namedHost) : undefined;
    this.#links[connection]?.close();
    this.#links[connection] = way && new Link(this, connection, way);
  }

  // The way to what the core wants to have opened.
  #wayOf(connection: number, namedHost: string): Way {
    const { core } = this;
    const { addresses, connect, options, sentinels } = this.#route;
    const seed = core.outboxNumber(outboxAt.seed);
    const port = core.outboxNumber(outboxAt.namedPort);
    const peer = core.outboxNumber(outboxAt.peer);
    const isOfSentinel = peer === peers.sentinel;
    const protocol = isOfSentinel ? sentinels!.protocol : (sentinels?.primary ?? addresses[0]!).protocol;
    const address = port === 0 ? addresses[seed]! : addressAt(protocol as "valkey", namedHost, port);
    if (peer !== peers.server) this.#lastWords.handleOpening(connection, address);
    if (isOfSentinel) {
      return { connect: sentinels!.connect, address, options: sentinels!.options, place: undefined };
    }
    if (connection !== 0) return { connect, address, options, place: undefined };
    this.#main.beginAttempt(seed, port === 0 ? undefined : address);
    this.#traced = { address: this.server, database: this.#route.database };
    return { connect, address, options, place: this.#main.placeOf(address) };
  }

  // ---- Time

  #handleTimeout(): void {
    this.protect(() => {
      this.core.check(this.core.calls.plimsoll_handle_timeout(this.id, this.core.now()));
      this.turn();
    });
  }

  #bytesRead(): number {
    return this.#links.reduce((sum, link) => sum + (link?.bytesRead ?? 0), 0);
  }

  // ---- Events

  #tell(count: number): void {
    const { core } = this;
    let at = core.outboxWord + (outboxAt.area >> 2);
    for (let i = 0; i < count && this.#over === undefined; ++i) {
      const nodes = core.words[at + 9]!;
      this.#tellOne(at, nodes);
      at += recordWords + nodeWords * nodes;
    }
  }

  #tellOne(at: number, nodes: number): void {
    const { words } = this.core;
    const tag = words[at + 1]!;
    switch (words[at]) {
      case events.completed: return this.#outcomes.complete(at, nodes, tag);
      case events.pushed:
        if (tag !== 0 && nodes > 0) this.#outcomes.tellPart(at, nodes, this.#requests.get(tag));
        return;
      case events.failed: return this.#outcomes.fail(at, nodes, tag, this.#main.trouble);
      case events.queueingFailed: return this.#outcomes.noteRefusal(at, nodes, tag, this.#main.trouble);
      case events.admitted: return this.#submitAdmitted(tag);
      case events.ready:
        this.#main.handleReady();
        return this.#afterwards.add(() => this.#listener.handleReady());
      case events.disconnected: {
        const error = this.#failure(at, nodes);
        return this.#afterwards.add(() => this.#listener.handleDisconnected(error));
      }
      case events.credentialsRefused: {
        const error = this.#failure(at, nodes);
        return this.#afterwards.add(() => this.#listener.handleCredentialsRefused(error));
      }
      case events.closed:
        return this.#handleClosed(this.#outcomes.failure(at, nodes,
          this.isClosing ? this.#main.trouble : this.#main.troubleOfAttempts()));
    }
  }

  #failure(at: number, nodes: number): PlimsollError {
    return this.#outcomes.failure(at, nodes, this.#main.trouble);
  }

  #submitAdmitted(tag: number): void {
    const pending = this.#requests.get(tag)!;
    const held = pending.words!;
    const { core } = this;
    pending.words = undefined;
    try {
      const commands = held.take();
      if (held.isTransaction) askAdmittedTransaction(core, this.id, commands, tag);
      else askAdmitted(core, this.id, commands[0]!, tag);
    } catch (error) {
      // There is no memory to stage the words. Ends this request only.
      return this.#giveUp(pending, core.blame(error));
    }
    pending.low = core.outboxNumber(outboxAt.request);
    pending.high = core.outboxNumber(outboxAt.request + 4);
  }

  #handleClosed(error: PlimsollError): void {
    // The next turn reports the outcomes of the remaining requests. After that the core is not called again.
    inMicrotask(() => {
      this.turn();
      this.protect(() => {
        this.#lastCounters = this.#readCounters();
        this.#sentinels?.keep();
        this.#replicas?.keep();
        this.#cluster?.keep();
        this.core.check(this.core.calls.plimsoll_destroy(this.id));
        this.#finish(error);
        this.core.handleUserEnded();
        this.#listener.handleClosed(error);
      });
    });
  }
}
