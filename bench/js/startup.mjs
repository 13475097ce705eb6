// node startup.mjs HOW PORT: milliseconds from nothing loaded to the first reply: "tcp" sends PING over
// a bare connection, "plimsoll" loads the package and connects.

const [how, port] = process.argv.slice(2);
const begin = performance.now();
if (how === "tcp") {
  const { connect } = await import("node:net");
  const socket = connect(Number(port), "127.0.0.1");
  await new Promise((resolve) => {
    socket.on("connect", () => socket.write("PING\r\n"));
    socket.on("data", resolve);
  });
} else {
  const { Client } = await import("../../js/dist/node.js");
  const client = await Client.connect(`valkey://127.0.0.1:${port}`);
  await client.ping();
}
console.log(performance.now() - begin);
process.exit(0);
