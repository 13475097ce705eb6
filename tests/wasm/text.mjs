// Bytes as text, a character each, so that tests can show what goes over the wire.

export const fromBytes = (bytes) => Buffer.from(bytes).toString("latin1");
export const toBytes = (string) => Buffer.from(string, "latin1");

/// A command as it goes over the wire.
export const wire = (...words) =>
  `*${words.length}\r\n` + words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");

/// A bulk string as it comes over the wire.
export const bulk = (string) => `$${string.length}\r\n${string}\r\n`;
