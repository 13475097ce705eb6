// CommonJS: node require.cjs valkey://127.0.0.1:6379

const { Client, ServerError } = require("plimsoll");

const main = async () => {
  const client = await Client.connect(process.argv[2] ?? "valkey://127.0.0.1:6379");
  await client.set("ship", "Great Eastern");
  console.log(await client.get("ship"));
  console.log((await import("plimsoll")).ServerError === ServerError);  // one core, one class of each error
  await client.close();
};
main();
