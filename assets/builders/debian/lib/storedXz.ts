import { crc32 } from "node:zlib";

import { padding, varuint } from "./gvariant";

/** The largest LZMA2 chunk. */
const CHUNK = 65_536;
/** No integrity check: a delta part has its own SHA-256. */
const FLAGS = Buffer.from([0, 0]);
/** Block header: one filter, LZMA2, with a dictionary of one chunk (property 8 is 64 KiB). */
const BLOCK_HEADER = Buffer.from([2, 0, 0x21, 1, 8, 0, 0, 0]);

function u32le(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value >>> 0);
  return out;
}

/**
 * An .xz stream with `data` in LZMA2's uncompressed chunks: any decoder reads it as fast as a copy. libostree cannot
 * read parts without compression (it maps them at an odd offset), so they are wrapped in this.
 */
export function storedXz(data: Buffer): Buffer {
  const out = [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), FLAGS, u32le(crc32(FLAGS))];
  out.push(BLOCK_HEADER, u32le(crc32(BLOCK_HEADER)));
  let blockLength = BLOCK_HEADER.length + 4;
  for (let at = 0; at < data.length; at += CHUNK) {
    const chunk = data.subarray(at, at + CHUNK);
    // 1: uncompressed, dictionary reset; 2: uncompressed.
    const header = Buffer.from([at === 0 ? 1 : 2, 0, 0]);
    header.writeUInt16BE(chunk.length - 1, 1);
    out.push(header, chunk);
    blockLength += header.length + chunk.length;
  }
  out.push(Buffer.from([0]));
  blockLength += 1;
  out.push(padding(blockLength, 4));
  const records = Buffer.concat([Buffer.from([0, 1]), varuint(blockLength), varuint(data.length)]);
  const index = Buffer.concat([records, padding(records.length, 4)]);
  const footer = Buffer.concat([u32le((index.length + 4) / 4 - 1), FLAGS]);
  out.push(index, u32le(crc32(index)), u32le(crc32(footer)), footer, Buffer.from("YZ"));
  return Buffer.concat(out);
}
