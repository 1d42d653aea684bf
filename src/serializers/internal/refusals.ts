import { messageOf, SerializationError } from "../../kernel/errors.ts";
import { Refusal } from "../../kernel/refusal.ts";

/** What was thrown while a value was written, as the error of the contract. */
export function unserializable(error: unknown, hint: string): SerializationError {
  const refusal = Refusal.of(error);
  const path = refusal.path("result");
  return new SerializationError("OXBOW_RESULT_UNSERIALIZABLE", path, `Cannot serialize ${path}: ${refusal.message}`, {
    hint: refusal.hint ?? hint,
    ...("cause" in refusal ? { cause: refusal.cause } : {}),
  });
}

/** Bytes that are not of a format, as the error of the contract. `reason` may be what was thrown. */
export function unreadable(format: string, reason: unknown): SerializationError {
  if (reason instanceof SerializationError) return reason;
  const options = typeof reason === "string" ? {} : { cause: reason };
  return new SerializationError(
    "OXBOW_RESULT_UNREADABLE",
    "",
    `Cannot read bytes as ${format}: ${messageOf(reason)}`,
    options,
  );
}
