import { plainJson } from "../../kernel/plain-json.ts";
import { Refusal, typeName, withArticle } from "../../kernel/refusal.ts";
import type { FileFormat } from "./file-format.ts";
import { checkWellFormed, refused, textOf } from "./refused.ts";

/*
 * DESIGN: a number is a line, a string is a file.
 *
 * A string is written as it is, byte for byte, without a line feed behind it. A number, a boolean or `null` is written as one line: its
 * JSON and a line feed, as `echo 99` does it. So both read back as what they were, the number 99 from "99\n" and the string "99"
 * from "99". The only strings that would be mistaken are those that are such a line themselves, with their line feed; they are refused.
 */

/** Text with scalars: `.txt`. */
export const plainTextFile: FileFormat = textFormat("txt", true);

/** Text of a format of its own, which only a string can be: `.md`, `.html`, … */
export const markedUpFile = (extension: string): FileFormat => textFormat(extension, false);

const scalarLine = /^(?:null|true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]\d+)?)\n$/;

function textFormat(name: string, withScalars: boolean): FileFormat {
  return {
    name,
    keeps: () => true,

    write(value) {
      try {
        return [Buffer.from(textFor(value, withScalars))];
      } catch (error) {
        throw refused(error, name);
      }
    },

    async read(file) {
      const text = textOf(await file.bytes(), name);
      return withScalars && isScalarLine(text) ? (JSON.parse(text) as unknown) : text;
    },
  };
}

function textFor(value: unknown, withScalars: boolean): string {
  if (typeof value === "string") {
    checkWellFormed(value);
    if (withScalars && isScalarLine(value))
      throw new Refusal(
        "string",
        `${JSON.stringify(value)} would be read back as the ${typeof JSON.parse(value)} of that line`,
        {
          hint: "leave the line feed at its end away (text.trimEnd()), or give the target the extension .json",
        },
      );
    return value;
  }
  const isScalar = typeof value === "number" || typeof value === "boolean" || value === null;
  if (withScalars && isScalar) return `${plainJson(value)}\n`;
  const type = typeName(value);
  throw new Refusal(type, `${type === "null" ? "null" : withArticle(type)} is no text`, {
    hint: "return a string (JSON.stringify, String), or give the target the extension .json, or .bin for bytes",
  });
}

/** Only what is written is read as a scalar: `1.50` and `1e3` stay text. */
function isScalarLine(text: string): boolean {
  if (text.length > 30 || !scalarLine.test(text)) return false;
  return `${plainJson(JSON.parse(text))}\n` === text;
}
