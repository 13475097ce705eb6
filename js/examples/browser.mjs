// A page: through a bridge, since browsers have no TCP. Bundle it, or serve it with an import map.

import { Client, ClientSideCache } from "plimsoll";

export const show = async (element, bridge, token) => {
  const client = await Client.connect(bridge, {
    token,
    clientSideCache: new ClientSideCache({ maxCacheKb: 256 }),
  });
  await client.set("ship", "Great Eastern");
  element.textContent = await client.get("ship");
  return client;
};
