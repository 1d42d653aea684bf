import { generateKeyPairSync, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { serializerSuite } from "../testing/serializer-suite.ts";
import { compressed, encrypted, json, SerializationError, serializerFor, signed, type SigningKeys } from "./index.ts";

const key = randomBytes(32);
const pair = generateKeyPairSync("ed25519");
const pem = {
  privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  publicKey: pair.publicKey.export({ type: "spki", format: "pem" }) as string,
};
const der = {
  privateKey: pair.privateKey.export({ type: "pkcs8", format: "der" }).toString("base64"),
  publicKey: pair.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
};
const statement = Buffer.from("a record");
const sealOf = (keys: Parameters<typeof signed>[1]) => signed(json(), keys).seal!;

serializerSuite({ describe, it }, "signed(json(), secret)", () => signed(json(), key));
serializerSuite({ describe, it }, "signed(json(), { privateKey })", () =>
  signed(json(), { privateKey: pem.privateKey }),
);
serializerSuite({ describe, it }, "signed(json(), { publicKeys })", () =>
  signed(json(), { publicKeys: [pem.publicKey] }),
);
serializerSuite({ describe, it }, "compressed(signed(json(), secret))", () => compressed(signed(json(), key)));

afterEach(() => {
  delete process.env.OXBOW_TEST_KEY;
});

describe("signed()", () => {
  it("leaves the bytes as they are, and its format says no key", async () => {
    const serializer = signed(compressed(json(), "gzip"), key);
    expect(serializer.format).toBe("signed(gzip(json))");
    expect(await serializer.serialize([1])).toEqual(await compressed(json(), "gzip").serialize([1]));
  });

  it("names the algorithm and the key in the signature", () => {
    expect(sealOf(key).sign(statement)).toMatch(/^hs256:[0-9a-f]{16}:[\w-]{43}$/);
    expect(sealOf({ privateKey: pem.privateKey }).sign(statement)).toMatch(/^ed25519:[0-9a-f]{16}:[\w-]{86}$/);
  });

  it("says why a signature does not hold", () => {
    const seal = sealOf(key);
    const other = sealOf(randomBytes(32)).sign(statement);
    expect(seal.whyRefused(statement, undefined)).toBe("it is not signed");
    expect(seal.whyRefused(statement, other)).toBe(
      `it was signed with a key that is not trusted here (id ${other.split(":")[1]})`,
    );
    expect(seal.whyRefused(Buffer.from("another"), seal.sign(statement))).toBe(
      "its signature does not fit: it was changed after it was written",
    );
    expect(seal.whyRefused(statement, "rs256:0:x\nforged line")).toMatch(/^its signature is not of a kind/);
  });

  it("rotates: the first secret signs, all are trusted", () => {
    const next = randomBytes(32);
    const after = sealOf({ keys: [next, key] });
    expect(after.whyRefused(statement, sealOf(key).sign(statement))).toBe(undefined);
    expect(sealOf({ key: next }).whyRefused(statement, after.sign(statement))).toBe(undefined);
    expect(sealOf(key).whyRefused(statement, after.sign(statement))).toMatch(/not trusted/);
  });

  it("lets those who have the public key read, and nobody else write", () => {
    const writer = sealOf({ privateKey: pem.privateKey });
    const reader = sealOf({ publicKeys: [pem.publicKey] });
    expect(reader.whyRefused(statement, writer.sign(statement))).toBe(undefined);
    expect(() => reader.sign(statement)).toThrow(SerializationError);
    expect(() => reader.sign(statement)).toThrow(/has no key to sign with here: it only reads/);
    const stranger = sealOf({ privateKey: generateKeyPairSync("ed25519").privateKey });
    expect(reader.whyRefused(statement, stranger.sign(statement))).toMatch(/not trusted/);
    const forged = stranger.sign(statement).replace(/:[0-9a-f]+:/, `:${writer.sign(statement).split(":")[1]}:`);
    expect(reader.whyRefused(statement, forged)).toMatch(/does not fit/);
  });

  it("goes over from a secret to a pair of keys", () => {
    const both = sealOf({ privateKey: pem.privateKey, keys: [key] });
    expect(both.sign(statement)).toMatch(/^ed25519:/);
    expect(both.whyRefused(statement, sealOf(key).sign(statement))).toBe(undefined);
  });

  it("takes keys as PEM, base64 of DER, objects, or from a variable in one line", () => {
    process.env.OXBOW_TEST_KEY = pem.privateKey.replaceAll("\n", "\\n");
    const signature = sealOf({ privateKey: pem.privateKey }).sign(statement);
    for (const privateKey of [der.privateKey, pair.privateKey, "{{ env.OXBOW_TEST_KEY }}"])
      expect(sealOf({ privateKey }).sign(statement)).toBe(signature);
    for (const publicKey of [der.publicKey, pem.publicKey, pair.publicKey])
      expect(sealOf({ publicKeys: [publicKey] }).whyRefused(statement, signature)).toBe(undefined);
  });

  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
  it.each<readonly [what: string, keys: unknown, code: string]>([
    ["nothing", {}, "OXBOW_OPTION_INVALID"],
    ["no key", undefined, "OXBOW_OPTION_INVALID"],
    ["an empty list", { keys: [], publicKeys: [] }, "OXBOW_OPTION_INVALID"],
    ["a short secret", "hunter2", "OXBOW_OPTION_INVALID"],
    ["key and keys", { key, keys: [key] }, "OXBOW_OPTION_INVALID"],
    ["a misspelled option", { publicKey: pem.publicKey }, "OXBOW_OPTION_UNKNOWN"],
    ["a private key as a public one", { publicKeys: [pem.privateKey] }, "OXBOW_OPTION_INVALID"],
    ["a private object as a public one", { publicKeys: [pair.privateKey] }, "OXBOW_OPTION_INVALID"],
    ["a private DER as a public one", { publicKeys: [der.privateKey] }, "OXBOW_OPTION_INVALID"],
    ["a public key as a private one", { privateKey: pem.publicKey }, "OXBOW_OPTION_INVALID"],
    ["a key of RSA", { privateKey: rsa.privateKey }, "OXBOW_OPTION_INVALID"],
    ["a damaged key", { privateKey: pem.privateKey.replace("\n", "\nhunter2") }, "OXBOW_OPTION_INVALID"],
    ["a variable that is not set", { privateKey: "{{ env.OXBOW_TEST_KEY }}" }, "OXBOW_OPTION_INVALID"],
  ])("refuses %s, and shows no key", (_, keys, code) => {
    let error: unknown;
    try {
      signed(json(), keys as SigningKeys);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/hunter2|MC4CAQAw|BEGIN/);
  });

  it("shows no key", () => {
    const serializer = signed(json(), { privateKey: pem.privateKey, keys: [key] });
    const text = inspect(serializer, { depth: 9, showHidden: true }) + JSON.stringify(serializer);
    expect(text).not.toContain(der.privateKey.slice(24, 40));
    expect(text).not.toContain(key.toString("hex"));
  });

  it("stands once in a serializer", () => {
    for (const inner of [signed(json(), key), compressed(signed(json(), key)), encrypted(signed(json(), key), key)])
      expect(() => signed(inner, key)).toThrow(/which signs already/);
  });
});

describe("serializerFor a signed format", () => {
  it("reads, and trusts nobody", async () => {
    const { seal, deserialize } = serializerFor("gzip(signed(json))");
    const [bytes] = await compressed(json(), "gzip").serialize({ a: 1 });
    expect(await deserialize(bytes!)).toEqual({ a: 1 });
    expect(() => seal!.sign(statement)).toThrow(/has no key to sign with/);
    expect(seal!.whyRefused(statement, sealOf(key).sign(statement))).toMatch(/not trusted/);
  });
});
