import assert from "node:assert/strict";
import { SerializationError } from "../../kernel/errors.ts";
import type { Seal, Serializer } from "../../serializers/serializer.ts";

/** One promise about the `seal` of a serializer, and how to find out whether it is kept. Nothing is checked where there is none. */
export interface SealCheck {
  readonly title: string;
  run(create: () => Serializer): Promise<void>;
}

const statement = Buffer.from('["a record","its key",1789,null]');

export const sealChecks: readonly SealCheck[] = [
  check("What one instance signs, another one accepts", (seal, another) => {
    const signature = signatureOf(seal);
    if (signature === undefined) return;
    assert.match(signature, /^[\x21-\x7e]+$/, "a signature is a word of ASCII");
    assert.equal(another.whyRefused(statement, signature), undefined);
  }),

  check("What is not signed is refused, in words", (seal) => {
    for (const none of [undefined, "", "signature"]) refused(seal, statement, none);
  }),

  check("A signature of something else is refused, whatever was changed", (seal) => {
    const signature = signatureOf(seal);
    if (signature === undefined) return;
    for (let at = 0; at < statement.length; at++) {
      for (const bit of [0, 7]) {
        const changed = Buffer.from(statement);
        changed[at]! ^= 1 << bit;
        refused(seal, changed, signature);
      }
    }
    refused(seal, statement.subarray(1), signature);
    refused(seal, Buffer.concat([statement, statement]), signature);
    refused(seal, Buffer.alloc(0), signature);
  }),

  check("A signature that was changed is refused", (seal) => {
    const signature = signatureOf(seal);
    if (signature === undefined) return;
    for (let at = 0; at < signature.length; at++) {
      refused(seal, statement, signature.slice(0, at));
      const other = signature[at] === "A" ? "B" : "A";
      refused(seal, statement, signature.slice(0, at) + other + signature.slice(at + 1));
    }
    refused(seal, statement, `${signature}A`);
  }),
];

function check(title: string, run: (seal: Seal, another: Seal) => void): SealCheck {
  return {
    title,
    async run(create) {
      const { seal } = create();
      if (seal) run(seal, create().seal!);
    },
  };
}

/** `undefined` where this one only verifies. */
function signatureOf(seal: Seal): string | undefined {
  try {
    return seal.sign(statement);
  } catch (error) {
    assert.ok(error instanceof SerializationError && error.code === "OXBOW_RESULT_UNSERIALIZABLE", error as Error);
    return undefined;
  }
}

function refused(seal: Seal, changed: Uint8Array, signature: string | undefined): void {
  const reason = seal.whyRefused(changed, signature);
  assert.ok(typeof reason === "string" && reason !== "", `accepted ${String(signature)} for ${String(changed)}`);
}
