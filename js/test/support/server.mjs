// A server of the test's own on a unix socket, and a plain connection to it.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandSet } from "../../.build/generated/commands.js";

const program = process.env.VALKEY_SERVER ?? "valkey-server";

/** Whether there is a server to be started. */
export const hasServer = () => spawnSync(program, ["--version"]).status === 0;

/** Starts it; `path` is its socket. */
export const startServer = async () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-commands-"));
  const path = join(folder, "socket");
  const server = spawn(program, ["--port", "0", "--unixsocket", path, "--save", "",
    "--dir", folder], { stdio: ["ignore", "pipe", "inherit"] });
  let log = "";
  for await (const text of server.stdout) {
    log += text;
    if (log.includes("Ready to accept connections")) break;
  }
  const stop = async () => {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
    rmSync(folder, { recursive: true });
  };
  return { path, stop };
};

/** Commands to a server, a reply at a time; `as` is how strings come. */
export class PlainConnection extends CommandSet {
  as = "text";
  #socket;
  #bytes = Buffer.alloc(0);
  #waiting = [];

  static async open(path, protocol) {
    const connection = new PlainConnection();
    connection.#socket = net.connect(path);
    connection.#socket.on("data", bytes => {
      connection.#bytes = Buffer.concat([connection.#bytes, bytes]);
      connection.#answer();
    });
    await connection.send(["HELLO", protocol]);
    return connection;
  }

  close() { this.#socket.destroy(); }

  /** The reply, an error among them. */
  send(words) {
    const parts = [Buffer.from(`*${words.length}\r\n`)];
    for (const word of words) {
      const bytes = Buffer.from(word);
      parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
    }
    this.#socket.write(Buffer.concat(parts));
    return new Promise(resolve => this.#waiting.push(resolve));
  }

  async sendWords(words, shape) {
    const reply = await this.send(words);
    if (reply instanceof Error) throw reply;
    return shape === undefined ? reply : shape(reply, this.as);
  }

  #answer() {
    while (this.#waiting.length > 0) {
      const found = this.#read(0);
      if (found === undefined) return;
      this.#bytes = this.#bytes.subarray(found[1]);
      this.#waiting.shift()(found[0]);
    }
  }

  #string(begin, end) {
    const bytes = this.#bytes.subarray(begin, end);
    return this.as === "bytes" ? new Uint8Array(bytes) : bytes.toString();
  }

  /** [a value, where the next one begins]; undefined: not all of it is there. */
  #read(at) {
    const end = this.#bytes.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const type = String.fromCharCode(this.#bytes[at]);
    const line = this.#bytes.toString("latin1", at + 1, end);
    const next = end + 2;
    if (type === "+") return [this.#string(at + 1, end), next];
    if (type === "-") return [new Error(line), next];
    if (type === ":") return [Number(line), next];
    if (type === ",") return [/inf/.test(line) ? Number(`${line}inity`.replace("inf", "Inf"))
                                               : Number(line), next];
    if (type === "#") return [line === "t", next];
    const size = Number(line);
    if (type === "_" || size < 0) return [null, next];
    if (type !== "$" && type !== "=") return this.#row(type === "%" ? 2 * size : size, next);
    if (this.#bytes.length < next + size + 2) return undefined;
    return [this.#string(next + (type === "=" ? 4 : 0), next + size), next + size + 2];
  }

  #row(size, at) {
    const row = [];
    for (let next = at; ; ) {
      if (row.length === size) return [row, next];
      const found = this.#read(next);
      if (found === undefined) return undefined;
      row.push(found[0]);
      next = found[1];
    }
  }
}
