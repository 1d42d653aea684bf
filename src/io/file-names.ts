/*
 * DESIGN: texts as names of files.
 *
 * What it does: what a name cannot or should not hold is percent-escaped as UTF-8: control characters, the separators
 * and the characters that Windows reserves, `%` itself, a leading dot (hidden files, `.`, `..`), a last dot or space
 * (Windows drops them) and the first letter of a device name (`CON`).
 * What it promises: no way out of the folder, and another name for another text, as long as the file system does not
 * ignore case or how accents are composed.
 * What the caller must do: keep names below 255 bytes, which is what every file system of today takes.
 */

const unsafe = /[\u0000-\u001f\u007f-\u009f%/\\<>:"|?*]/g;

/** A text as the name of a file; it may be long. */
export function escapedName(text: string): string {
  let name = text.replace(unsafe, percent);
  if (/^(?:\.|(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))/i.test(name)) name = percent(name[0]!) + name.slice(1);
  name = name.replace(/[. ]$/, percent);
  // Nothing else gives a lone `%`; it can be asked for, and is never there.
  return name === "" ? "%" : name;
}

/** As much of the beginning of an escaped name as fits into so many bytes, in whole characters and escapes. */
export function beginningOf(name: string, bytes: number): string {
  let beginning = "";
  let length = 0;
  for (const character of name) {
    length += Buffer.byteLength(character);
    if (length > bytes) break;
    beginning += character;
  }
  return beginning.replace(/%[0-9A-F]?$/, "");
}

function percent(character: string): string {
  const bytes = Buffer.from(character);
  return `%${bytes.toString("hex").toUpperCase().match(/../g)!.join("%")}`;
}
