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
  const owner = { core, id: 0, handleTrouble: () => {}, protect: (act) => act(),
    turn: () => { if (link.isStarved) link.resume(); } };
  const transport = { pause: () => {}, resume: () => {}, close: () => {}, write: () => true };
  const link = new Link(owner, 0, { connect: () => transport, address: {}, options: {} });
  link.opened();
  return { core, link };
};

test("what waits for room comes once, and in order, also where more comes with the room", () => {
  const { core, link } = open();
  link.data(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  assert.deepEqual(core.got, []);
  assert.equal(link.unreadBytes, 10);
  core.room = 11;
  link.data(Uint8Array.of(11, 12));
  assert.deepEqual(core.got, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.equal(link.unreadBytes, 1);
  core.room = 100;
  link.resume();
  assert.deepEqual(core.got, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert.equal(link.unreadBytes, 0);
});
