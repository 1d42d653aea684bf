import type { OxbowError } from "../../kernel/errors.ts";
import { type ServiceFailure, storageFailure } from "../internal/service-failure.ts";

/** Whether it is the bucket that is not there, not the object. */
export function isBucketMissing({ status, message }: ServiceFailure): boolean {
  return status === 404 && /bucket does not exist/i.test(message);
}

/** What a caller gets to see. */
export function gcsFailure(action: string, where: string, error: unknown): OxbowError {
  return storageFailure(action, where, error, advice);
}

function advice(failure: ServiceFailure): string | undefined {
  const { status, code } = failure;
  if (isBucketMissing(failure)) return "make the bucket first: gcloud storage buckets create gs://<name>";
  if (code === "credentials")
    return "see that client_email and private_key are those of one key that is still valid, and that the clock is right";
  if (code === "not-gcs") return "see that apiEndpoint is right, and that no proxy answers in its place";
  if (status === 401) return "pass `credentials` or `keyFilename`, or sign in: gcloud auth application-default login";
  if (status === 403) return "give the account the role Storage Object User (roles/storage.objectUser) on the bucket";
  return undefined;
}
