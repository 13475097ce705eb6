// Bytes that are no UTF-8, where text was asked for: the error of that one call, or of that one
// message, and of nothing else. The words of errors are told as far as they are text.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "../.build/index.js";
import { startServer } from "./package/server.mjs";

let server;
let client;
let bystander;

before(async () => {
  server = await startServer();
  client = await Client.connect(server.address, { requestTimeout: 10_000 });
  bystander = await Client.connect(server.address);
});
after(async () => {
  assert.equal(await bystander.ping(), "PONG", "another client of the process goes on");
  await client.close();
  await bystander.close();
  await server.stop();
});

const latin1 = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const notText = { name: "DecodeError", code: "not_text", executed: "yes" };

test("an error that the server has cut in the middle of a letter is told", async () => {
  // It repeats 128 bytes of what it was sent: the last one is half of an umlaut.
  for (let size = 110; size < 130; ++size) {
    await assert.rejects(client.command(["JSON.SET", `${"k".repeat(size)}äöüäöüäöü`]),
      ({ name, code, message }) => name === "ServerError" && code === "unknown_command" &&
        /unknown command 'JSON.SET'/.test(message));
  }
});

test("errors say what of them is text, wherever they are", async () => {
  const script = (body) => client.command(["EVAL", latin1(body), "0"]);
  const cut = { name: "ServerError", message: /^ERR half \ufffd$/, code: "ERR" };
  await assert.rejects(script("return redis.error_reply('ERR half \xc3')"), cut);
  const [first, second] = await script("return {{err='ERR half \xc3'}, 'text'}");
  assert.equal(first.message, "ERR half \ufffd");
  assert.equal(second, "text");
  const both = client.transaction();
  const failed = both.command(["EVAL", latin1("return redis.error_reply('ERR half \xc3')"), "0"]);
  const stored = both.set("stored", "1");
  const replies = await both.exec();
  assert.equal(replies[0].message, "ERR half \ufffd");
  await assert.rejects(failed, cut);
  assert.equal(await stored, true);
  const long = `'ERR ' .. string.rep('x', 10000) .. '\xc3'`;
  await assert.rejects(script(`return redis.error_reply(${long})`),
    ({ message }) => message.length === 10_005 && message.endsWith("x\ufffd"));
});

test("data that is no text is the error of its call alone, of whatever type it is", async () => {
  const bodies = [
    "return '\xc3'", "return {ok='\xc3'}", "return {1, {'a', '\xff'}}",
    "redis.setresp(3); return {map={['\xff']=1}}", "redis.setresp(3); return {set={['\xff']=true}}",
    "redis.setresp(3); return {verbatim_string={format='txt', string='\xff'}}",
    "return string.rep('a', 100000) .. '\xff'",
    "local t = {} for i = 1, 5000 do t[i] = 'text' end t[10] = '\xff' return t",
  ];
  for (const body of bodies) {
    const words = ["EVAL", latin1(body), "0"];
    const [refused, behind] = await Promise.allSettled([client.command(words), client.ping()]);
    assert.equal(refused.status, "rejected", body);
    for (const [name, expected] of Object.entries(notText)) assert.equal(refused.reason[name], expected);
    assert.equal(behind.value, "PONG");
    await client.command(words, { as: "bytes" });
  }
});

test("a message that is no text fails one next(), and the others are told", async () => {
  const news = await client.subscribe("news");
  const messages = ["before", latin1("ab\xff"), latin1("\xc3"), "behind"];
  for (const message of messages) await bystander.publish("news", message);
  assert.equal((await news.next()).value.message, "before");
  await assert.rejects(news.next(), notText);
  await assert.rejects(news.next(), notText);
  assert.equal((await news.next()).value.message, "behind");
  const refused = assert.rejects(news.next(), notText);
  await bystander.publish("news", latin1("\xfe"));
  await refused;
  await bystander.publish("news", "again");
  for await (const { message, lost, gaps } of news) {
    assert.deepEqual([message, lost, gaps], ["again", 0, 0]);
    break;
  }
});

test("channels and patterns may be any bytes", async () => {
  const channel = latin1("news\xff");
  const text = await client.subscribe(channel);
  const bytes = await client.subscribe(latin1("news\xff*"), { kind: "patterns", as: "bytes" });
  await bystander.publish(channel, "hello");
  await assert.rejects(text.next(), notText);
  const { value } = await bytes.next();
  assert.deepEqual([...value.channel], [...channel]);
  await text.unsubscribe("channels", channel);
  text.close();
  bytes.close();
});
