/** What stands in an element: text, or elements; those of one name several times as a list. */
export type Content = string | number | boolean | { readonly [name: string]: Content | readonly Content[] | undefined };

/** An answer of S3. */
export function xmlOf(name: string, content: Content): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${element(name, content)}`;
}

function element(name: string, content: Content | readonly Content[] | undefined): string {
  if (content === undefined) return "";
  if (Array.isArray(content)) return content.map((one: Content) => element(name, one)).join("");
  const inside =
    typeof content === "object"
      ? Object.entries(content)
          .map(([key, value]) => element(key, value as Content))
          .join("")
      : escaped(String(content));
  return `<${name}>${inside}</${name}>`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"\r]/g, (one) => `&#${one.charCodeAt(0)};`);
}

/** The texts of all elements of a name. */
export function textsOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, text]) =>
    text!.replaceAll(/&(quot|amp|#34|#38);/g, (_, entity: string) => (/quot|34/.test(entity) ? '"' : "&")),
  );
}
