// What a client of no library's sees of a bridge whose connections are shared: the same bytes as of a connection of its
// own to one server, in RESP2 and RESP3, whether there is one server behind the bridge or a cluster.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startNodes } from "./cluster.mjs";
import { RespClient } from "./resp.mjs";
import { startServer } from "./server.mjs";
import { startSharedBridge, toCluster, toServer } from "./shared_bridge.mjs";
import { until } from "./wait.mjs";

let reference;  // what a client is told by a server itself
let server;
let cluster;
let bridges;

before(async () => {
  reference = await startServer();
  server = await startServer();
  cluster = await startNodes({ nodeTimeout: 60_000 });
  bridges = { "one server": await startSharedBridge(toServer(server)), "a cluster": await startSharedBridge(toCluster(cluster)) };
});

after(async () => {
  for (const bridge of Object.values(bridges)) await bridge.stop();
  await cluster.stop();
  await server.stop();
  await reference.stop();
});

const openTo = (bridge) => RespClient.overWebSocket(bridge.address, bridge.tokens.page);

// All keys are of one slot, as a program for one server that comes to a cluster has to have them.
const long = "v".repeat(200_000);
const sha = "0".repeat(40);
const script = (...words) => ["EVAL", words.join(" "), "0"];
const exchanges = {
  "strings, numbers and nulls": [["SET", "{s}a", "1"], ["GET", "{s}a"], ["GET", "{s}none"], ["INCR", "{s}a"],
    ["MGET", "{s}a", "{s}none", "{s}a"], ["EXISTS", "{s}a", "{s}none"], ["SET", "{s}a", "2", "NX"], ["GETDEL", "{s}a"],
    ["SET", "{s}empty", ""], ["GET", "{s}empty"], ["INCRBYFLOAT", "{s}f", "1.5"], ["TTL", "{s}f"]],
  "a value of many segments": [["SET", "{s}long", long], ["GET", "{s}long"], ["STRLEN", "{s}long"],
    ["MGET", "{s}long", "{s}none", "{s}long"]],
  "hashes and sets": [["HSET", "{s}h", "f", "1"], ["HGETALL", "{s}h"], ["HGETALL", "{s}none"], ["HMGET", "{s}h", "f", "g"],
    ["HRANDFIELD", "{s}h", "1", "WITHVALUES"], ["SADD", "{s}set", "one"], ["SMEMBERS", "{s}set"], ["SISMEMBER", "{s}set", "one"],
    ["SMISMEMBER", "{s}set", "one", "two"], ["SPOP", "{s}none"], ["SPOP", "{s}none", "2"]],
  "sorted sets": [["ZADD", "{s}z", "1", "one", "2.5", "two", "inf", "all"], ["ZRANGE", "{s}z", "0", "-1", "WITHSCORES"],
    ["ZSCORE", "{s}z", "two"], ["ZSCORE", "{s}z", "none"], ["ZMSCORE", "{s}z", "one", "none"], ["ZRANK", "{s}z", "two", "WITHSCORE"],
    ["ZRANK", "{s}z", "none", "WITHSCORE"], ["ZPOPMIN", "{s}z"], ["ZPOPMIN", "{s}none"], ["ZADD", "{s}z", "INCR", "1", "two"]],
  "lists": [["RPUSH", "{s}l", "a", "b", "c"], ["LRANGE", "{s}l", "0", "-1"], ["LPOP", "{s}none"], ["LPOP", "{s}none", "2"],
    ["LMPOP", "1", "{s}none", "LEFT"], ["LMPOP", "1", "{s}l", "LEFT", "COUNT", "2"], ["LPOS", "{s}l", "none"]],
  "streams": [["XADD", "{s}x", "1-1", "f", "v"], ["XADD", "{s}x", "2-1", "f", "w"], ["XRANGE", "{s}x", "-", "+"],
    ["XREAD", "STREAMS", "{s}x", "0"], ["XREAD", "STREAMS", "{s}x", "9-0"], ["XADD", "{s}x", "1-1", "f", "v"],
    ["XGROUP", "CREATE", "{s}x", "g", "0"], ["XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "{s}x", ">"],
    ["XPENDING", "{s}x", "g"], ["XACK", "{s}x", "g", "1-1"]],
  "places and bits": [["GEOADD", "{s}g", "13.36", "38.11", "Palermo"], ["GEOPOS", "{s}g", "Palermo", "none"],
    ["GEODIST", "{s}g", "Palermo", "none"], ["BITFIELD", "{s}b", "SET", "u8", "0", "255", "OVERFLOW", "FAIL", "INCRBY", "u8", "0", "1"]],
  "errors": [["SET", "{s}a", "1"], ["LPUSH", "{s}a", "x"], ["INCR", "{s}a", "2"], ["SET", "{s}a"], ["NOSUCH", "{s}a", "b"],
    ["SET", "{s}a", "1", "EX", "no"], ["HSET", "{s}a", "f", "v"], ["GETRANGE", "{s}a", "x", "y"], ["EXEC"], ["DISCARD"],
    ["EVALSHA", sha, "0"], ["XADD", "{s}y", "0-0", "f", "v"]],
  "what scripts make": [script("return {1, 'two', {3}, false}"), script("return true"), script("return redis.status_reply('FINE')"),
    script("return redis.error_reply('MY own')"), script("redis.setresp(3) return {double=3.5}"),
    script("redis.setresp(3) return {map={a=1}}"), script("redis.setresp(3) return {set={one=true}}"),
    script("redis.setresp(3) return {big_number='123456789012345678901234567890'}"), script("redis.setresp(3) return true"),
    script("redis.setresp(3) return {verbatim_string={format='txt', string='hello'}}"), script("return redis.call('NOSUCH')"),
    ["SCRIPT", "LOAD", "return 1"], ["EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "0"],
    ["EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", "1", "{s}of a script", "v"], ["GET", "{s}of a script"]],
  "transactions": [["MULTI"], ["SET", "{s}a", "1"], ["GET", "{s}a"], ["LPUSH", "{s}a", "x"], ["HGETALL", "{s}none"], ["EXEC"],
    ["GET", "{s}a"], ["MULTI"], ["EXEC"], ["MULTI"], ["SET", "{s}a", "2"], ["DISCARD"], ["GET", "{s}a"], ["MULTI"], ["MULTI"],
    ["SET", "{s}a", "3"], ["EXEC"], ["MULTI"], ["SET", "{s}a"], ["GET", "{s}a"], ["EXEC"], ["MULTI"], ["WATCH", "{s}a"], ["DISCARD"],
    ["MULTI"], ["ZADD", "{s}z", "1", "one"], ["ZSCORE", "{s}z", "one"], ["ZRANGE", "{s}z", "0", "-1", "WITHSCORES"],
    ["PING"], ["EXEC"]],
  "a transaction with a command that the gate refuses": [["MULTI"], ["SET", "{s}a", "1"], ["DEBUG", "SLEEP", "0"], ["EXEC"], ["GET", "{s}a"]],
  "watched keys": [["SET", "{s}w", "1"], ["WATCH", "{s}w"], ["MULTI"], ["SET", "{s}w", "2"], ["EXEC"], ["WATCH", "{s}w"],
    ["SET", "{s}w", "3"], ["MULTI"], ["GET", "{s}w"], ["EXEC"], ["WATCH", "{s}w", "{s}v"], ["GET", "{s}w"], ["UNWATCH"],
    ["SET", "{s}w", "4"], ["MULTI"], ["GET", "{s}w"], ["EXEC"], ["WATCH", "{s}w"], ["MULTI"], ["DISCARD"], ["SET", "{s}w", "5"],
    ["MULTI"], ["GET", "{s}w"], ["EXEC"], ["UNWATCH"]],
  "commands that block": [["BLPOP", "{s}none", "0.01"], ["BLMOVE", "{s}none", "{s}l", "LEFT", "LEFT", "0.01"],
    ["BZPOPMIN", "{s}none", "0.01"], ["BLMPOP", "0.01", "1", "{s}none", "LEFT"], ["XREAD", "BLOCK", "10", "STREAMS", "{s}none", "$"],
    ["RPUSH", "{s}l", "a", "b"], ["BLPOP", "{s}none", "{s}l", "0"], ["BRPOP", "{s}l", "0"], ["BLPOP", "{s}l", "x"], ["LLEN", "{s}l"]],
  "what concerns the connection": [["PING"], ["PING", "hello"], ["ECHO", "hello"], ["SELECT", "0"], ["CLIENT", "GETNAME"],
    ["CLIENT", "SETNAME", "me"], ["CLIENT", "GETNAME"], ["CLIENT", "SETNAME", "with space"], ["CLIENT", "SETINFO", "lib-name", "own"],
    ["CLIENT", "NO-TOUCH", "off"], ["PING", "a", "b"], ["ECHO"], ["SELECT", "no"], ["CLIENT", "NOSUCH"], ["UNWATCH"]],
};

// What the gate, or a session, refuses in its own words.
const isRefused = ({ 0: name, 1: word }) => name === "DEBUG" || (name === "SELECT" && word === "no") ||
  (name === "CLIENT" && (word === "NOSUCH" || word === "NO-TOUCH"));

// Whether the bridge's client sees by itself what is wrong with a command.
const isWrongAtSight = (expected) => /^-ERR (wrong number of arguments|timeout is not a float)/.test(expected);

// Replies in the bridge's own words are as good as a server's where they may be.
const allowOwnWords = (commands, said, expected) => {
  for (const [index, command] of commands.entries()) {
    const own = isRefused(command) ? "-NOPERM plimsoll-bridge: "
      : isWrongAtSight(expected[index]) ? "-ERR plimsoll-bridge: " : undefined;
    if (own !== undefined && said[index].startsWith(own)) said[index] = expected[index];
  }
};

const talk = async (client, protocol, commands, { together }) => {
  const said = [];
  await client.ask("HELLO", protocol);
  if (together) client.send(...commands);
  for (const command of commands) {
    if (!together) client.send(command);
    said.push(await client.next());
  }
  assert.equal(client.rest, "");
  return said;
};

const show = (reply) => reply.length > 300 ? `${reply.slice(0, 300)}... of ${reply.length} bytes` : reply;

for (const behind of ["one server", "a cluster"]) {
  for (const protocol of [2, 3]) {
    for (const [what, commands] of Object.entries(exchanges)) {
      test(`${what}: RESP${protocol}, ${behind} behind the bridge`, async () => {
        // The second time all requests come in one message.
        for (const together of [false, true]) {
          const direct = await RespClient.overTcp(reference.port);
          const bridged = await openTo(bridges[behind]);
          await direct.ask("FLUSHALL");
          await bridged.ask("FLUSHALL");
          const expected = await talk(direct, protocol, commands, { together });
          const said = await talk(bridged, protocol, commands, { together });
          allowOwnWords(commands, said, expected);
          const named = (all) => all.map((reply, index) => `${index}: ${show(reply)}`);
          assert.deepEqual(named(said), named(expected));
          assert.deepEqual(said, expected);
          for (const client of [direct, bridged]) client.drop();
        }
      });
    }

    test(`subscriptions: RESP${protocol}, ${behind} behind the bridge`, async () => {
      const tell = async (open) => {
        const [client, publisher] = [await open(), await open()];
        const said = [];
        const take = async (count) => { for (let i = 0; i < count; ++i) said.push(await client.next()); };
        const ask = (count, ...commands) => {
          client.send(...commands);
          return take(count);
        };
        await client.ask("HELLO", protocol);
        await ask(2, ["SUBSCRIBE", "a", "b"]);
        await ask(1, ["PSUBSCRIBE", "p*"]);
        await ask(1, ["SUBSCRIBE", "a"]);
        for (const channel of ["a", "b", "p1", "none"]) await publisher.ask("PUBLISH", channel, `of ${channel}`);
        await take(3);
        await ask(3, ["PING"], ["PING", "text"], ["GET", "{s}none"]);
        await ask(1, ["UNSUBSCRIBE", "a"]);
        await ask(1, ["UNSUBSCRIBE", "never"]);
        await publisher.ask("PUBLISH", "a", "unheard");
        await publisher.ask("PUBLISH", "b", "heard");
        await take(1);
        await ask(1, ["SSUBSCRIBE", "{shard}s"]);
        await publisher.ask("SPUBLISH", "{shard}s", "of a shard");
        await take(1);
        await ask(1, ["SUNSUBSCRIBE"]);
        await ask(1, ["UNSUBSCRIBE"]);
        await ask(1, ["PUNSUBSCRIBE"]);
        await ask(2, ["GET", "{s}none"], ["PING"]);
        assert.equal(client.rest, "");
        for (const each of [client, publisher]) each.drop();
        return said;
      };
      const expected = await tell(() => RespClient.overTcp(reference.port));
      assert.deepEqual(await tell(() => openTo(bridges[behind])), expected);
    });
  }

  // Valkey 8 has an error for that; Redis confirms that nothing is left.
  test(`who has subscribed to nothing may unsubscribe: ${behind}`, async () => {
    const client = await openTo(bridges[behind]);
    for (const name of ["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"]) {
      assert.match(await client.ask(name), /^(-NOSUB .*|\*3\r\n\$\d+\r\n[ps]?unsubscribe\r\n\$-1\r\n:0)\r\n$/);
      assert.match(await client.ask(name, "none"), /^(-NOSUB .*|\*3\r\n\$\d+\r\n[ps]?unsubscribe\r\n\$4\r\nnone\r\n:0)\r\n$/);
    }
    assert.equal(await client.ask("PING"), "+PONG\r\n");
    client.drop();
  });

  test(`a client that says no HELLO speaks RESP2, and may change its mind: ${behind}`, async () => {
    const client = await openTo(bridges[behind]);
    await client.ask("HSET", "{s}mind", "f", "v");
    assert.equal(await client.ask("HGETALL", "{s}mind"), "*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
    assert.match(await client.ask("HELLO", "3"), /^%\d+\r\n/);
    assert.equal(await client.ask("HGETALL", "{s}mind"), "%1\r\n$1\r\nf\r\n$1\r\nv\r\n");
    assert.match(await client.ask("HELLO", "2"), /^\*\d+\r\n/);
    assert.equal(await client.ask("HGETALL", "{s}mind"), "*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
    // Each in the version that holds where it stands.
    client.send(["GET", "{s}none"], ["HELLO", "3"], ["GET", "{s}none"], ["HELLO", "2"], ["GET", "{s}none"]);
    assert.equal(await client.next(), "$-1\r\n");
    assert.match(await client.next(), /^%/);
    assert.equal(await client.next(), "_\r\n");
    assert.match(await client.next(), /^\*/);
    assert.equal(await client.next(), "$-1\r\n");
    client.drop();
  });

  test(`HELLO tells of one server, and a number for each client: ${behind}`, async () => {
    const [first, second] = [await openTo(bridges[behind]), await openTo(bridges[behind])];
    const direct = await RespClient.overTcp(reference.port);
    const said = await first.ask("HELLO", "3", "SETNAME", "me");
    const numberOf = (hello) => /\$2\r\nid\r\n:(\d+)\r\n/.exec(hello)[1];
    assert.match(said, /\$4\r\nmode\r\n\$10\r\nstandalone\r\n/);
    assert.match(said, /\$4\r\nrole\r\n\$6\r\nmaster\r\n/);
    const withoutNumber = (hello) => hello.replace(/\r\n:\d+\r\n\$4\r\nmode/, "\r\n:N\r\n$4\r\nmode");
    assert.equal(withoutNumber(said), withoutNumber(await direct.ask("HELLO", "3")));
    assert.equal(await first.ask("CLIENT", "GETNAME"), "$2\r\nme\r\n");
    assert.equal(await second.ask("CLIENT", "GETNAME"), "$-1\r\n");
    assert.equal(await first.ask("CLIENT", "ID"), `:${numberOf(said)}\r\n`);
    assert.notEqual(await second.ask("CLIENT", "ID"), `:${numberOf(said)}\r\n`);
    for (const client of [first, second, direct]) client.drop();
  });

  test(`QUIT is answered, and closes with 1000: ${behind}`, async () => {
    const client = await openTo(bridges[behind]);
    client.send(["SET", "{s}last", "word"], ["QUIT"]);
    assert.equal(await client.next(), "+OK\r\n");
    assert.equal(await client.next(), "+OK\r\n");
    assert.equal((await client.closed).code, 1000);
    const other = await openTo(bridges[behind]);
    assert.equal(await other.ask("GET", "{s}last"), "$4\r\nword\r\n");
    other.drop();
  });

  test(`what one client does with its connection does not concern another: ${behind}`, async () => {
    const [first, second] = [await openTo(bridges[behind]), await openTo(bridges[behind])];
    assert.equal(await first.ask("MULTI"), "+OK\r\n");
    assert.equal(await second.ask("SET", "{s}theirs", "1"), "+OK\r\n");
    assert.equal(await first.ask("GET", "{s}theirs"), "+QUEUED\r\n");
    assert.equal(await second.ask("EXEC"), "-ERR EXEC without MULTI\r\n");
    assert.equal(await first.ask("EXEC"), "*1\r\n$1\r\n1\r\n");

    assert.equal(await first.ask("WATCH", "{s}theirs"), "+OK\r\n");
    assert.equal(await second.ask("UNWATCH"), "+OK\r\n");
    assert.equal(await second.ask("SET", "{s}theirs", "2"), "+OK\r\n");
    first.send(["MULTI"], ["GET", "{s}theirs"], ["EXEC"]);
    assert.equal(await first.next(), "+OK\r\n");
    assert.equal(await first.next(), "+QUEUED\r\n");
    assert.equal(await first.next(), "*-1\r\n");

    // A command that blocks holds up nobody else, and what is behind it waits for its turn.
    first.send(["BLPOP", "{s}waits", "0"], ["PING"]);
    await until(async () => await second.ask("LLEN", "{s}waits") === ":0\r\n");
    assert.equal(await second.ask("RPUSH", "{s}waits", "x"), ":1\r\n");
    assert.equal(await first.next(), "*2\r\n$8\r\n{s}waits\r\n$1\r\nx\r\n");
    assert.equal(await first.next(), "+PONG\r\n");

    assert.match(await first.ask("SUBSCRIBE", "only mine"), /^\*3/);
    assert.equal(await second.ask("GET", "{s}none"), "$-1\r\n");
    first.drop();
    // A connection that is gone took its channels with it.
    await until(async () => await second.ask("PUBLISH", "only mine", "anybody?") === ":0\r\n");
    second.drop();
  });
}

const refusals = {
  "tracking": ["CLIENT", "TRACKING", "ON"],
  "another database": ["SELECT", "1"],
};
const refusedAlone = { "the copies of a connection's own writes": ["WAIT", "0", "0"] };
const refusedInTransactions = { "a command that blocks": ["BLPOP", "{s}none", "0"] };

for (const [what, command] of Object.entries({ ...refusals, ...refusedAlone })) {
  test(`${what} cannot be had over a shared connection, and the reason says so`, async () => {
    for (const bridge of Object.values(bridges)) {
      const client = await openTo(bridge);
      assert.match(await client.ask(...command), /^-NOPERM plimsoll-bridge: .+\r\n$/);
      assert.equal(await client.ask("PING"), "+PONG\r\n");
      client.drop();
    }
  });
}

for (const [what, command] of Object.entries({ ...refusals, ...refusedInTransactions })) {
  test(`${what} aborts a transaction where it is queued`, async () => {
    for (const bridge of Object.values(bridges)) {
      const client = await openTo(bridge);
      client.send(["MULTI"], command, ["EXEC"], ["PING"]);
      assert.equal(await client.next(), "+OK\r\n");
      assert.match(await client.next(), /^-NOPERM plimsoll-bridge: .+\r\n$/);
      assert.match(await client.next(), /^-EXECABORT/);
      assert.equal(await client.next(), "+PONG\r\n");
      client.drop();
    }
  });
}

test("a command that only the server knows to be wrong aborts its transaction, and EXEC tells why", async () => {
  for (const bridge of Object.values(bridges)) {
    const client = await openTo(bridge);
    client.send(["MULTI"], ["SET", "{s}untouched", "1"], ["NOSUCH", "{s}x"], ["EXEC"], ["GET", "{s}untouched"]);
    for (const said of ["+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n"]) assert.equal(await client.next(), said);
    assert.match(await client.next(), /^-EXECABORT Transaction discarded because of: ERR unknown command 'NOSUCH'.*\r\n$/);
    assert.equal(await client.next(), "$-1\r\n");
    client.drop();
  }
});
