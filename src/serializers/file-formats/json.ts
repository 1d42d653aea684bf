import { plainJson } from "../../kernel/plain-json.ts";
import { unreadable } from "../internal/refusals.ts";
import type { FileFormat } from "./file-format.ts";
import { refused, textOf } from "./refused.ts";

/** JSON, indented by two spaces, with a line feed at its end. It keeps what JSON keeps, and refuses the rest. */
export const jsonFile: FileFormat = {
  name: "json",
  keeps: () => true,

  write(value) {
    try {
      return [Buffer.from(`${plainJson(value, 2)}\n`)];
    } catch (error) {
      throw refused(error, "json");
    }
  },

  async read(file) {
    return parsed(textOf(await file.bytes(), "json"), "json");
  },
};

/**
 * @param what how the error names the text
 * @throws {SerializationError} without the parser's message: that quotes the text
 */
export function parsed(text: string, what: string): unknown {
  try {
    // Other programs may put a byte order mark in front.
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    throw unreadable(what, "it is not JSON, or ends too early");
  }
}
