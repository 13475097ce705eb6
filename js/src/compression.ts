import { builtIn } from "./built-in.js";
import { checkOptions, refuseOption } from "./check-options.js";
import type { Codec } from "./codec.js";
import { ConfigurationError, DecodeError } from "./errors.js";

// A codec that compresses large values. A stored value that begins with the mark has a byte behind it that
// says how the rest is packed; any other is the value itself. The mark's first byte occurs in no UTF-8, so a
// text never has it.

const mark = [0xf8, 0x50, 0x4c, 0x5a] as const;  // PLZ
const headBytes = mark.length + 1;

const methods = { asItIs: 0, deflate: 1, own: 2 } as const;

/** Options of compression(). */
export interface CompressionOptions {
  /** Values of at least so many bytes are compressed, if that makes them smaller. Default: 1024. */
  readonly above?: number | undefined;
  /** The most bytes that a value may have when it was decompressed; a larger one rejects with a DecodeError, and
      is stored as it is. Default: 512 MiB, as the server's own limit. */
  readonly bytesMax?: number | undefined;
  /** A library's function in place of the runtime's DEFLATE; `decompress` must be given as well. Both must be
      synchronous: CompressionStream is not. */
  readonly compress?: ((value: Uint8Array) => Uint8Array) | undefined;
  /** The opposite of `compress`. */
  readonly decompress?: ((compressed: Uint8Array, bytesMax: number) => Uint8Array) | undefined;
}

interface Zlib {
  deflateRawSync(value: Uint8Array): Uint8Array;
  inflateRawSync(compressed: Uint8Array, options: { maxOutputLength: number }): Uint8Array;
}

interface Packer {
  readonly method: number;
  compress(value: Uint8Array): Uint8Array;
  decompress(compressed: Uint8Array, bytesMax: number): Uint8Array;
}

const packerOf = ({ compress, decompress }: CompressionOptions): Packer => {
  if (typeof compress === "function" && typeof decompress === "function") {
    return { method: methods.own, compress, decompress };
  }
  if (compress !== undefined || decompress !== undefined) {
    throw new ConfigurationError("invalid_option",
      "compression: compress and decompress: give two functions, or none");
  }
  const zlib = builtIn<Zlib>("node:zlib");
  if (zlib === undefined) {
    throw new ConfigurationError("invalid_option", "compression: this runtime has no synchronous " +
      "compression; give compress and decompress, the functions of a library");
  }
  return {
    method: methods.deflate,
    compress: (value) => zlib.deflateRawSync(value),
    decompress: (compressed, maxOutputLength) => {
      const { buffer, byteOffset, length } = zlib.inflateRawSync(compressed, { maxOutputLength });
      return new Uint8Array(buffer, byteOffset, length);  // no Buffer, as everywhere
    },
  };
};

const hasMark = (bytes: Uint8Array): boolean => mark.every((byte, at) => bytes[at] === byte);

const packed = (method: number, rest: Uint8Array): Uint8Array => {
  const all = new Uint8Array(headBytes + rest.length);
  all.set([...mark, method]);
  all.set(rest, headBytes);
  return all;
};

/**
 * A codec that compresses large values: `Client.connect(address, { codec: compression() })`. Near caches keep
 * the compressed values. What was stored without it is read as it is.
 * @throws ConfigurationError for invalid options, and in a runtime that has no synchronous compression, if no
 * functions were given.
 */
export const compression = (options: CompressionOptions = {}): Codec => {
  if (typeof options !== "object" || options === null) refuseOption("options", options, "an object");
  checkOptions(options, { above: "count", bytesMax: "count" }, ["compress", "decompress"]);
  const { above = 1024, bytesMax = 512 * 1024 ** 2 } = options;
  const { method, compress, decompress } = packerOf(options);
  const encoder = new TextEncoder();

  const unpacked = (stored: Uint8Array): Uint8Array => {
    const rest = stored.subarray(headBytes);
    const how = stored[mark.length];
    if (how === methods.asItIs) return rest;
    if (how !== method) {
      throw new DecodeError("not_compressed", `the value of ${stored.length} bytes was packed by method ` +
        `${how ?? "none"}; this codec has method ${method} (0: none, 1: DEFLATE, 2: your own functions)`, "yes");
    }
    try {
      return decompress(rest, bytesMax);
    } catch (error) {
      throw new DecodeError("not_compressed",
        `the value of ${stored.length} bytes cannot be decompressed within bytesMax, ${bytesMax} bytes`,
        "yes", { cause: error });
    }
  };

  return {
    encode(value) {
      // Three bytes of UTF-8 are the most for a letter.
      if (typeof value === "string" && 3 * value.length < above) return value;
      const bytes = typeof value === "string" ? encoder.encode(value) : value;
      if (bytes.length >= above && bytes.length <= bytesMax) {
        const small = compress(bytes);
        if (headBytes + small.length < bytes.length) return packed(method, small);
      }
      return hasMark(bytes) ? packed(methods.asItIs, bytes) : value;
    },
    decode: (stored) => hasMark(stored) ? unpacked(stored) : stored,
  };
};
