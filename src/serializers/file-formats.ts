import { bytesFile } from "./file-formats/bytes.ts";
import { csvFile, tsvFile } from "./file-formats/csv.ts";
import type { FileFormat } from "./file-formats/file-format.ts";
import { jsonFile } from "./file-formats/json.ts";
import { ndjsonFile } from "./file-formats/ndjson.ts";
import { checkParquet, parquetFile } from "./file-formats/parquet.ts";
import { markedUpFile, plainTextFile } from "./file-formats/text.ts";

export type { FileFormat } from "./file-formats/file-format.ts";

/** Text that has a format of its own: only strings are written, and they come back as they are. */
const markedUp =
  "md markdown html htm xhtml xml svg css js mjs ts tex rst sql yaml yml toml ini env log srt vtt ics diff patch".split(
    " ",
  );

const formats: ReadonlyMap<string, FileFormat> = new Map<string, FileFormat>([
  ["json", jsonFile],
  ["ndjson", ndjsonFile],
  ["jsonl", ndjsonFile],
  ["csv", csvFile],
  ["tsv", tsvFile],
  ["txt", plainTextFile],
  ["parquet", parquetFile],
  ...markedUp.map((extension): [string, FileFormat] => [extension, markedUpFile(extension)]),
]);

/**
 * What a file holds, by its extension; upper and lower case are the same.
 *
 * | extension | takes | gives back |
 * | --- | --- | --- |
 * | `.json` | what JSON keeps | the same |
 * | `.ndjson`, `.jsonl` | arrays of that, iterators and streams | an array |
 * | `.csv`, `.tsv` | arrays of flat objects; arrays of arrays, the first one names | an array of objects, all cells text |
 * | `.txt` | strings, numbers, booleans, `null` | the same: see file-formats/text.ts |
 * | `.md`, `.html`, … | strings | the same |
 * | `.parquet` | arrays of flat objects | the same |
 * | `.bin`, any other, none | bytes and streams of bytes | a `Uint8Array` |
 *
 * @param path ends with the name of the file
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` for `.parquet` where its packages are not installed
 */
export function fileFormatFor(path: string): FileFormat {
  const format = formats.get(extensionOf(path)) ?? bytesFile;
  if (format === parquetFile) checkParquet();
  return format;
}

/** What {@link fileFormatFor} goes by, in lower case: `""` where there is none. The name of a hidden file is no extension. */
export function extensionOf(path: string): string {
  return /[^/\\]\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
}
