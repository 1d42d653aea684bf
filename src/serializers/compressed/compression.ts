/** A compression of `node:zlib`. */
export type Compression = "brotli" | "gzip" | "zstd";
