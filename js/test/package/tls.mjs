// Certificates for one test: an authority, and a server on loopback that it vouches for.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const makeCertificates = () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-tls-"));
  const at = (name) => join(folder, name);
  const openssl = (...args) => execFileSync("openssl", args, { stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  for (const authority of ["ca", "other"]) {
    openssl("req", "-x509", ...newKey, "-keyout", at(`${authority}.key`), "-out",
      at(`${authority}.crt`), "-days", "2", "-subj", `/CN=${authority}`,
      "-addext", "basicConstraints=critical,CA:TRUE");
  }
  openssl("req", ...newKey, "-keyout", at("server.key"), "-out", at("server.csr"), "-subj",
    "/CN=localhost");
  writeFileSync(at("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  openssl("x509", "-req", "-in", at("server.csr"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"),
    "-CAcreateserial", "-out", at("server.crt"), "-days", "2", "-extfile", at("names"));
  return {
    ca: readFileSync(at("ca.crt"), "utf8"),
    otherCa: readFileSync(at("other.crt"), "utf8"),
    certificateFile: at("server.crt"),
    keyFile: at("server.key"),
    /** For startServer(): TLS on `port`. */
    optionsFor: (port) => ["--tls-port", `${port}`, "--tls-cert-file", at("server.crt"),
      "--tls-key-file", at("server.key"), "--tls-ca-cert-file", at("ca.crt"),
      "--tls-auth-clients", "no"],
    remove: () => rmSync(folder, { recursive: true }),
  };
};
