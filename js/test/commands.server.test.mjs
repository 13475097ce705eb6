// The examples of commands on a server: what RESP2 and RESP3 say becomes the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { examples, wordsOf } from "./support/examples.mjs";
import { calls } from "./support/recognise.mjs";
import { Recorder, rowsFor } from "./support/recorder.mjs";
import { PlainConnection, hasServer, startServer } from "./support/server.mjs";

// What is another time another value.
const varies =
  /^(CLIENT \w+|INFO|MEMORY|P?TTL|TIME|SLOWLOG|LATENCY|COMMAND|OBJECT|XINFO|XPENDING)\b/;
// What would leave the server as later examples do not expect it, or has it wait for somebody.
const left = /^(SHUTDOWN|DEBUG|FAILOVER|REPLICAOF|SLAVEOF|MODULE|FUNCTION|FCALL|CONFIG|ACL)\b/;
const needsOthers = /^(fails |@|until )|:=|\$/;

const isPlayed = ({ call, reply, setup = [], server, then, error, redis7 }) =>
  reply !== undefined && server === undefined && then === undefined && error === undefined
  && redis7 === undefined && !/\$\w/.test(call) && !left.test(call) && !varies.test(call)
  && !setup.some(step => needsOthers.test(step) || varies.test(step) || left.test(step));

/** The method and its arguments for a call: the form that has most of the words to itself. */
const methodFor = async call => {
  const wanted = wordsOf(call);
  const isSame = (word, at) =>
    word.toUpperCase() === wanted[at].toUpperCase() || Number(word) === Number(wanted[at]);
  const ofOwn = ({ nodes }) => nodes.filter(({ kind }) => kind === "!").length;
  for (const row of rowsFor(wanted).sort((a, b) => ofOwn(b) - ofOwn(a))) {
    for (const args of calls(row.nodes, wanted.slice(row.words.length))) {
      const words = await new Recorder()[row.name](...args);
      if (words.length === wanted.length && words.every(isSame)) return { name: row.name, args };
    }
  }
  return undefined;
};

const sorted = value => {
  if (value instanceof Set) return new Set([...value].sort());
  return Array.isArray(value) ? value.map(sorted) : value;
};

test("RESP2 and RESP3 become the same", { skip: !hasServer() && "no valkey-server" }, async t => {
  const server = await startServer();
  t.after(() => server.stop());
  const connections = [await PlainConnection.open(server.path, "2"),
    await PlainConnection.open(server.path, "3")];
  t.after(() => connections.forEach(connection => connection.close()));
  let played = 0;
  for (const example of examples().filter(isPlayed)) {
    const method = await methodFor(example.call);
    if (method === undefined) continue;
    for (const as of ["text", "bytes"]) {
      const results = [];
      for (const connection of connections) {
        connection.as = "text";
        await connection.send(["FLUSHALL"]);
        for (const step of example.setup ?? []) await connection.send(wordsOf(step));
        connection.as = as;
        results.push(sorted(await connection[method.name](...method.args)));
      }
      assert.deepEqual(results[0], results[1], example.call);
    }
    ++played;
  }
  assert.ok(played > 200, `${played} examples`);
});
