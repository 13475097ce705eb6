import { inMicrotask, startTimer, stopTimer } from "../own-timers.js";
import { makeCredit, protocolWithCredits, readData, sendData } from "./credit.js";
import type { Connect, Transport, WebSocketConstructor } from "./transport.js";

// A WebSocket to a bridge. Its messages are binary, and their boundaries mean nothing. A bridge that knows
// credits sends no more than the client grants. Other bridges cannot be made to wait, so Link bounds the
// bytes that it keeps for them.

const queuedBytesMax = 1024 * 1024;

// WebSockets have no event for "there is room again": bufferedAmount is read this often while too much is
// queued. And with each message, because the timers of a hidden page run once a second, or a minute.
const drainPollMs = 5;

// How long a bridge may take to answer a close. One that is frozen does not, and the socket would keep the process
// alive: that of `ws` for thirty seconds. Browsers, undici and Deno have no way to end it earlier.
const lingerMsMax = 1000;

const wordsOfCloses: Record<number, string> = {
  1000: "the bridge ended the connection",
  1001: "the bridge is shutting down",
  1006: "the connection was refused, or broke",
  1008: "the bridge refused by its policy",
  1009: "the bridge takes no messages or requests of that size",
  1011: "the bridge lost the server",
  1013: "the bridge is too busy: try later",
};

// Offered so that a bridge says why it refuses: WebSockets show nothing of an HTTP answer. If the bridge takes
// this one, it closes at once, with a code of 4000 and the HTTP status.
const protocolOfRefusals = "plimsoll.refusal.v1";

/** The refusal of a bridge; its code is "BRIDGE_401", with the HTTP status. */
const refusalOf = (code: number, reason: string): Error => Object.assign(
  new Error(`the bridge refused the connection: ${reason} (${code - 4000})`), { code: `BRIDGE_${code - 4000}` });

const base64url = (text: string): string => {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

export const connectWebSocket: Connect = (address, events, options): Transport => {
  const given = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  const Socket = (options.WebSocket ?? given)!;  // checkBridge() has looked
  const protocols = options.protocols ?? [protocolWithCredits, "resp"];
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let socket: InstanceType<WebSocketConstructor> | undefined;
  let hasCredits = false;
  let isOpen = false;
  let isRefused = false;
  // What the class says of a failure, as `ws` and Deno do: browsers say nothing.
  let problem: { message?: string; error?: { code?: unknown } } | undefined;

  const end = (error?: Error): void => {
    if (over) return;
    over = true;
    stopTimer(timer);
    events.closed(error);
  };
  const leave = (code: number, why: string | undefined): void => {
    if (socket === undefined) return;
    const { terminate } = socket;
    socket.close(code, why);
    if (terminate === undefined) return;
    const linger = startTimer(() => terminate.call(socket), lingerMsMax);
    socket.onclose = () => stopTimer(linger);
  };
  const abandon = (code: number, why: string): void => {
    leave(code, why);
    end(new Error(why));
  };
  const take = (message: Uint8Array): void => {
    const data = hasCredits ? readData(message) : message;
    if (data === undefined) return abandon(4003, "the bridge sent a message that is no data");
    events.data(data);
  };
  const begin = (token: string | undefined): void => {
    if (over) return;
    const offered = options.protocols === undefined ? [...protocols, protocolOfRefusals] : [...protocols];
    if (token !== undefined) offered.push(`bearer.${base64url(token)}`);
    events.shown?.(token ?? "");
    socket = new Socket(address.href, offered);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (over) return;
      isOpen = true;
      isRefused = socket?.protocol === protocolOfRefusals;
      if (isRefused) return;
      // Deno and workerd open the WebSocket even if the bridge has chosen none of the offered protocols.
      if (protocols.length > 0 && !protocols.includes(socket?.protocol ?? "")) {
        return abandon(4000, `the bridge does not speak ${protocols.join(" or ")}`);
      }
      hasCredits = socket?.protocol === protocolWithCredits;
      events.opened();
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (over) return;
      const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
      if (!(bytes instanceof Uint8Array)) return abandon(4003, "the bridge sent text, where RESP is bytes");
      take(bytes);
      goOnIfThereIsRoom();
    };
    socket.onerror = (event) => { problem = event; };  // onclose follows
    socket.onclose = ({ code, reason }: { code: number; reason?: string }) => {
      // In Firefox a WebSocket does not open, and does not tell the protocol, if the bridge's close comes together with
      // its answer to the handshake. A connection that breaks, or is not made, has no such code.
      const mayBeRefused = isRefused || !isOpen && offered.includes(protocolOfRefusals);
      if (mayBeRefused && code >= 4400) return end(refusalOf(code, reason ?? ""));
      const words = wordsOfCloses[code] ?? "the bridge ended the connection";
      const why = reason || (code === 1006 ? problem?.message : undefined);
      const error = new Error(`${words} (${code}${why ? ` ${why}` : ""})`);
      const { code: name } = problem?.error ?? {};
      end(isOpen || name === undefined ? error : Object.assign(error, { code: name }));
    };
  };
  const { token } = options;
  const fail = (error: unknown): void => end(error as Error);
  if (typeof token === "function") {
    Promise.resolve().then(token).then(begin).catch(fail);
  } else {
    try {
      begin(token);
    } catch (error) {
      inMicrotask(() => fail(error));
    }
  }

  const grant = (bytes: number): void => socket!.send(makeCredit(bytes));
  // A timer runs as long as the writer waits.
  const waitForRoom = (): void => {
    timer = startTimer(() => { if (!goOnIfThereIsRoom()) waitForRoom(); }, drainPollMs);
  };
  const goOnIfThereIsRoom = (): boolean => {
    if (over || timer === undefined) return true;
    if (socket !== undefined && socket.bufferedAmount > queuedBytesMax / 2) return false;
    stopTimer(timer);
    timer = undefined;
    events.drained();
    return true;
  };
  return {
    // With credits the sender has to wait: bytes that are not read are not granted anew.
    get canPause() { return hasCredits; },
    get grant() { return hasCredits ? grant : undefined; },
    write: (bytes) => {
      if (over || socket === undefined) return true;
      if (hasCredits) sendData(bytes, (message) => socket!.send(message));
      else socket.send(bytes.slice());  // `ws` compresses later, and then reads what it was given
      if (socket.bufferedAmount <= queuedBytesMax) return true;
      if (timer === undefined) waitForRoom();
      return false;
    },
    pause: () => {},
    resume: () => {},
    close: (why) => {
      if (over) return;
      over = true;
      stopTimer(timer);
      leave(why === "overrun" ? 4008 : 1000, why);
    },
  };
};
