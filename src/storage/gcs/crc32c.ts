/** The polynomial of Castagnoli, reflected. */
const polynomial = 0x82f63b78;

/** Four tables: each takes the register one byte further than the one before. */
const tables = makeTables();

function makeTables(): readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const all = [0, 1, 2, 3].map(() => new Uint32Array(256)) as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    all[0][byte] = value;
  }
  for (let i = 1; i < 4; i += 1) {
    for (let byte = 0; byte < 256; byte += 1) {
      const value = all[i - 1]![byte]!;
      all[i]![byte] = (value >>> 8) ^ all[0][value & 0xff]!;
    }
  }
  return all;
}

/** The checksum that Google Cloud Storage compares (CRC-32C, RFC 3720), piece by piece. */
export class Crc32c {
  #register = ~0;

  update(bytes: Uint8Array): this {
    const [last, third, second, first] = tables;
    const { byteLength } = bytes;
    const inFours = byteLength - (byteLength % 4);
    let value = this.#register;
    let i = 0;
    for (; i < inFours; i += 4) {
      value ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      value =
        first[value & 0xff]! ^ second[(value >>> 8) & 0xff]! ^ third[(value >>> 16) & 0xff]! ^ last[value >>> 24]!;
    }
    for (; i < byteLength; i += 1) value = last[(value ^ bytes[i]!) & 0xff]! ^ (value >>> 8);
    this.#register = value;
    return this;
  }

  /** As the service writes it: base64 of the four bytes, the highest first. */
  digest(): string {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(~this.#register >>> 0);
    return bytes.toString("base64");
  }
}
