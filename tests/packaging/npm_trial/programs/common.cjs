const { Client } = require("plimsoll");

const main = async () => {
  const client = await Client.connect(process.argv[2]);
  await client.set("door", "CommonJS");
  console.log(await client.get("door"));
  await client.close();
};

main();
