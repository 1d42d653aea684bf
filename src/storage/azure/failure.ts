import { messageOf, type OxbowError } from "../../kernel/errors.ts";
import {
  brokenConnection,
  codeOf,
  isPassing,
  retryAfterMs,
  ServiceFailure,
  storageFailure,
} from "../internal/service-failure.ts";

/** What is known of an error of the package: it holds the request with its signature, so it goes no further. */
interface RestError {
  readonly statusCode?: number;
  readonly response?: { readonly headers?: { get?(name: string): string | undefined } };
}

/** What an error of the package says. */
export function azureFailure(error: unknown, hide: (text: string) => string): ServiceFailure {
  if (error instanceof ServiceFailure) return error;
  const { statusCode: status, response } = (error ?? {}) as RestError;
  // An answer that lacks what every answer has.
  if (error instanceof RangeError || codeOf(error) === "PARSE_ERROR") return notAzure(status);
  if (typeof status !== "number") return brokenConnection(error, hide);
  const headers = response?.headers;
  return new ServiceFailure(hide(messageOf(error)) || "the service refuses", {
    status,
    code: codeOf(error) ?? headers?.get?.("x-ms-error-code"),
    mayRepeat: isPassing(status),
    afterMs: retryAfterMs(headers?.get?.("retry-after")),
  });
}

/** For an answer that the service would not give. */
export function notAzure(status: number | undefined): ServiceFailure {
  return new ServiceFailure("the answer is not one of Azure Blob Storage", { status, code: "not-azure" });
}

const refusals = new Set(["BlobAlreadyExists", "ConditionNotMet", "TargetConditionNotMet"]);

/** Whether a condition has not held. Other things with the same statuses are no answers to a condition: leases, policies. */
export function isConditionRefused(error: unknown): boolean {
  return error instanceof ServiceFailure && refusals.has(error.code ?? "");
}

/** Whether there is no such blob; a container that is not there is something else. */
export function isBlobMissing(error: unknown): boolean {
  if (!(error instanceof ServiceFailure) || error.status !== 404) return false;
  return error.code === undefined || error.code === "BlobNotFound";
}

/** What a caller gets to see. */
export function azureStorageFailure(action: string, where: string, error: unknown): OxbowError {
  return storageFailure(action, where, error, ({ code = "", status }) => {
    if (code === "not-azure")
      return "see that the address of the account is right, and that no proxy answers in its place";
    if (code === "ContainerNotFound") return "make the container first: az storage container create --name <name>";
    if (code === "InvalidBlockList") return "others write the same blob at the same time: have them take a lock";
    if (/^AuthenticationFailed$|^AuthorizationFailure$|^InvalidAuthenticationInfo$/.test(code))
      return "see that account and key belong together, that a SAS has not expired, and that the clock is right; a firewall of the account says the same";
    if (status === 401 || status === 403)
      return "give the identity the role Storage Blob Data Contributor on the container, or the SAS the rights racwdl";
    return undefined;
  });
}
