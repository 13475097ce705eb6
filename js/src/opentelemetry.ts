// plimsoll/opentelemetry: metrics and spans for OpenTelemetry's API, by the meter and the tracer of the program. The
// API itself is not loaded here: only its types are used.

import type { Attributes, BatchObservableResult, Meter, Observable, Span, Tracer } from "@opentelemetry/api";

import { builtIn } from "./built-in.js";
import { type Client, type ClientSideCache, ConfigurationError, PlimsollError, ServerError, type TracedCommand,
  readMetrics } from "./index.js";

/** Options of observeMetrics(). The lists are read anew each time that metrics are collected, so a Set to which
    clients are added and from which they are removed will do. */
export interface ObserveMetricsOptions {
  /** Clients that get metrics of their own. Default: none; the sums count all clients in any case. */
  readonly clients?: Iterable<Client> | undefined;
  /** Caches that get metrics of their own. Default: none. */
  readonly caches?: Iterable<ClientSideCache> | undefined;
}

/**
 * Has `meter` observe all metrics of readMetrics(). Instruments have Prometheus's names and no unit, so that each
 * exporter gives the names that the dashboard asks for: plimsoll_requests_submitted_total. Returns a function that
 * ends it.
 *
 *     observeMetrics(metrics.getMeter("plimsoll"), { clients: [client] });
 *
 * @throws ConfigurationError if there is no meter, or a list has something else in it.
 */
export const observeMetrics = (meter: Meter, { clients = [], caches = [] }: ObserveMetricsOptions = {}): () => void => {
  if (typeof meter?.addBatchObservableCallback !== "function") {
    throw new ConfigurationError("invalid_option", "observeMetrics: that is no Meter of OpenTelemetry, as it has no " +
      'addBatchObservableCallback(); give one, such as metrics.getMeter("plimsoll")');
  }
  const instruments = new Map<string, Observable>(readMetrics(clients, caches).map(({ name, type, help }) => {
    const options = { description: help };
    return [name, type === "counter" ? meter.createObservableCounter(name, options)
      : meter.createObservableGauge(name, options)];
  }));
  const observe = (result: BatchObservableResult): void => {
    for (const { name, samples } of readMetrics(clients, caches)) {
      for (const { labels, value } of samples) result.observe(instruments.get(name)!, value, { ...labels });
    }
  };
  const observed = [...instruments.values()];
  meter.addBatchObservableCallback(observe, observed);
  return () => meter.removeBatchObservableCallback(observe, observed);
};

// SpanKind.CLIENT and SpanStatusCode.ERROR.
const client = 2;
const failed = 2;

const attributesOf = (command: TracedCommand): Attributes => ({
  "db.system.name": command["db.system.name"],
  "db.operation.name": command["db.operation.name"],
  "db.operation.batch.size": command["db.operation.batch.size"],
  "db.namespace": command["db.namespace"],
  "server.address": command["server.address"],
  "server.port": command["server.port"],
});

// Codes and no texts: a server's text may have parts of a key or a value in it.
const noteError = (span: Span, error: unknown): void => {
  const { name, code } = error as Partial<PlimsollError>;
  span.setAttribute("error.type", error instanceof PlimsollError ? code! : name ?? "_OTHER");
  if (error instanceof ServerError && error.serverCode !== "") {
    span.setAttribute("db.response.status_code", error.serverCode);
  }
  span.setStatus({ code: failed });
};

type Ended = TracedCommand & { readonly error?: unknown };

interface Handlers {
  start(command: object): void;
  end(command: object): void;
  asyncStart(command: object): void;
  asyncEnd(command: object): void;
  error(command: object): void;
}

interface Diagnostics {
  tracingChannel?(name: string): { subscribe(handlers: Handlers): void; unsubscribe(handlers: Handlers): void };
}

const nothing = (): void => {};

/**
 * Has `tracer` make a span of each request of all clients, under the span that is active where the request is made,
 * with the attributes of OpenTelemetry's conventions for database clients; keys and values are not among them. Returns
 * a function that ends it; requests that are under way then have no end of their span.
 *
 *     traceCommands(trace.getTracer("plimsoll"));
 *
 * @throws ConfigurationError if there is no tracer, or the runtime has no tracing channels (node:diagnostics_channel).
 */
export const traceCommands = (tracer: Tracer): () => void => {
  if (typeof tracer?.startSpan !== "function") {
    throw new ConfigurationError("invalid_option", "traceCommands: that is no Tracer of OpenTelemetry, as it has no " +
      'startSpan(); give one, such as trace.getTracer("plimsoll")');
  }
  const channel = builtIn<Diagnostics>("node:diagnostics_channel")?.tracingChannel?.("plimsoll:command");
  if (channel === undefined) {
    throw new ConfigurationError("invalid_option",
      "traceCommands: this runtime has no tracingChannel() in node:diagnostics_channel, which Node, Deno and Bun have");
  }
  const spans = new WeakMap<object, Span>();
  const end = (command: object): void => {
    const span = spans.get(command);
    if (span === undefined) return;
    spans.delete(command);
    const { error } = command as Ended;
    if (error !== undefined) noteError(span, error);
    span.end();
  };
  const handlers: Handlers = {
    start: (command) => {
      const traced = command as TracedCommand;
      const name = traced["db.operation.name"];
      spans.set(command, tracer.startSpan(name, { kind: client, attributes: attributesOf(traced) }));
    },
    // The call has returned a promise, unless it has thrown: nothing else comes then.
    end: (command) => { if ("error" in command) end(command); },
    asyncStart: nothing,
    asyncEnd: end,
    error: nothing,
  };
  channel.subscribe(handlers);
  return () => channel.unsubscribe(handlers);
};
