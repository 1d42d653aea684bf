import { TransactionError, messageOf } from "../kernel/errors.ts";
import type { Serializer } from "../serializers/serializer.ts";

/*
 * DESIGN. The values that code keeps in a transaction. They are kept as bytes: what goes in and what comes out are copies, so that neither
 * a later change nor a sibling can reach them.
 */
export class TransactionValues {
  readonly #copier: Serializer;
  readonly #around: TransactionValues | undefined;
  #bytes: Map<string, Uint8Array> | undefined;

  /** @param copier writes and reads synchronously, and refuses what it cannot keep */
  constructor(copier: Serializer, around: TransactionValues | undefined) {
    this.#copier = copier;
    this.#around = around;
  }

  set(name: string, value: unknown): void {
    let chunks: readonly Uint8Array[];
    try {
      chunks = this.#copier.serialize(value) as readonly Uint8Array[];
    } catch (error) {
      throw new TransactionError(
        "OXBOW_TRANSACTION_VALUE_INVALID",
        `Transaction value "${name}" cannot be kept: ${messageOf(error)}`,
        { cause: error, hint: "keep plain data: a path, an id" },
      );
    }
    (this.#bytes ??= new Map()).set(name, Buffer.concat(chunks));
  }

  get(name: string, fallback: readonly unknown[]): unknown {
    const bytes = this.find(name);
    if (bytes) return this.#copier.deserialize(bytes);
    if (fallback.length > 0) return fallback[0];
    throw new TransactionError("OXBOW_TRANSACTION_VALUE_MISSING", `No transaction has a value "${name}"`, {
      hint: "set it before, or pass a fallback: get(name, fallback)",
    });
  }

  /** The bytes of a value, here or around. */
  find(name: string): Uint8Array | undefined {
    return this.#bytes?.get(name) ?? this.#around?.find(name);
  }
}
