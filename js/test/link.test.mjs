// What lies between a transport and the core, with a core that has as much room as a test says.
import assert from "node:assert/strict";
import { test } from "node:test";

import { outboxAt } from "../.build/core/abi.js";
import { Link } from "../.build/link.js";

const spaceAt = 4096;

// Keeps what it is given, while it has room.
class Reader {
  room = 0;
  got = [];
  bytes = new Uint8Array(2 * spaceAt);
  calls = {
    plimsoll_handle_opened: () => 0,
    plimsoll_read_space: () => Math.min(this.room, 4),
    plimsoll_handle_read: (client, connection, size) => {
      this.got.push(...this.bytes.subarray(spaceAt, spaceAt + size));
      this.room -= size;
      return 0;
    },
  };

  now() { return 0; }
  outboxNumber(at) {
    assert.equal(at, outboxAt.spans);
    return spaceAt;
  }
}

// As the driver is: each of its turns looks after links that wait for room.
const open = () => {
  const core = new Reader();
  const owner = { core, id: 0, starved: new Set(), drained: new Set(), handleTrouble: () => {}, protect: (act) => act(),
    turn: () => { for (const each of [...owner.starved]) each.resume(); } };
  const transport = { pause: () => {}, resume: () => {}, close: () => {}, write: () => true };
  const link = new Link(owner, 0, { connect: () => transport, address: {}, options: {} });
  link.opened();
  return { core, link, owner };
};

test("what waits for room comes once, and in order, also where more comes with the room", () => {
  const { core, link, owner } = open();
  link.data(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  assert.deepEqual(core.got, []);
  assert.equal(link.unreadBytes, 10);
  assert(owner.starved.has(link));
  core.room = 11;
  link.data(Uint8Array.of(11, 12));
  assert.deepEqual(core.got, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.equal(link.unreadBytes, 1);
  core.room = 100;
  link.resume();
  assert.deepEqual(core.got, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert.equal(link.unreadBytes, 0);
  assert.equal(owner.starved.size, 0);
});

// Has bytes to send on two connections, in pieces of one byte.
class Sender {
  bytes = new TextEncoder().encode("AaBbc");
  outboxWord = 0;
  words = new Uint32Array(outboxAt.spans / 4 + 6);
  left = [2, 3];
  calls = {
    plimsoll_handle_opened: () => 0,
    plimsoll_poll_transmit: (client, connection) => {
      const count = this.left[connection];
      for (let i = 0; i < count; ++i) {
        this.words.set([[2, 5][connection] - count + i, 1], outboxAt.spans / 4 + 2 * i);
      }
      return count;
    },
    plimsoll_handle_written: (client, connection, size) => { this.left[connection] -= size; return 0; },
  };

  now() { return 0; }
  check(answer) { return answer; }
}

test("a transport that has room again while another one is written to changes nothing there", () => {
  const core = new Sender();
  const owner = { core, id: 0, starved: new Set(), drained: new Set(), handleTrouble: () => {},
    protect: (act) => act(), turn: () => { if (!turning) for (const each of owner.drained) each.flush(); } };
  let turning = true;
  const got = ["", ""];
  const links = [];
  const linkTo = (number, write) => {
    const connect = () => ({ pause: () => {}, resume: () => {}, close: () => {},
      write: (bytes) => { got[number] += new TextDecoder().decode(bytes); return write(); } });
    links[number] = new Link(owner, number, { connect, address: {}, options: {} });
    links[number].opened();
  };
  let isReady = false;
  linkTo(0, () => { isReady = true; links[1].drained(); return true; });
  linkTo(1, () => isReady);
  links[1].flush();
  links[0].flush();
  turning = false;
  owner.turn();
  assert.deepEqual(got, ["Aa", "Bbc"]);
});
