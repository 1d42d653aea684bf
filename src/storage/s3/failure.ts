import {
  brokenConnection,
  codeOf,
  isPassing,
  retryAfterMs,
  ServiceFailure,
  type Advice,
} from "../internal/service-failure.ts";

/** What is known of an error of the SDK. */
interface SdkError {
  /** What S3 calls it, `NoSuchBucket`, or what the SDK does. */
  readonly name?: unknown;
  readonly message?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/**
 * What the SDK has thrown, in plain words. Its own error is left behind: it carries what the server has answered, keys and signatures
 * among it.
 */
export function s3Failure(error: unknown, hide: (text: string) => string): ServiceFailure {
  if (error instanceof ServiceFailure) return error;
  const { name, message, $metadata, $response } = (error ?? {}) as SdkError;
  const status = $metadata?.httpStatusCode;
  const code = typeof name === "string" && name !== "Error" ? name : undefined;
  if (status === undefined)
    return isOfTheWay(error, code) ? brokenConnection(error, hide) : said(message, { code }, hide);
  // The SDK knows by how much the clock is wrong, from the answer.
  const mayRepeat = isPassing(status) || code === "SlowDown" || $metadata?.clockSkewCorrected === true;
  return said(message, { status, code, mayRepeat, afterMs: retryAfterMs($response?.headers?.["retry-after"]) }, hide);
}

/** Whether it was the connection that failed, not the client. */
function isOfTheWay(error: unknown, name: string | undefined): boolean {
  return /^(E[A-Z]|UND_ERR_)/.test(codeOf(error) ?? "") || name === "TimeoutError" || name === "AggregateError";
}

function said(
  message: unknown,
  facts: ConstructorParameters<typeof ServiceFailure>[1],
  hide: (text: string) => string,
) {
  // Where the server has said nothing, the SDK says this.
  const text = typeof message === "string" && message !== "UnknownError" ? hide(message).slice(0, 300) : "";
  return new ServiceFailure(text || "the server has not said why", facts);
}

/** Whether there is no such object, though there is the bucket, as far as the server says so. */
export function isAbsent({ status, code }: ServiceFailure): boolean {
  return status === 404 && (code === "NoSuchKey" || code === "NotFound");
}

const keys = "see that the credentials are right, and those of this server";
const clock = "set the clock of this machine, or of the server: they must not be more than 15 minutes apart";
const region = "see that the region is that of the bucket";
const full = "the server has no room left: free some space there, or raise the quota";
const advice: Readonly<Record<string, string>> = {
  NoSuchBucket: "make the bucket first, or name another by the option `bucket`",
  AccessDenied:
    "allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload for the objects, and s3:ListBucket for the bucket: without that one, S3 says this of objects that are not there",
  InvalidAccessKeyId: keys,
  SignatureDoesNotMatch: keys,
  InvalidToken: keys,
  ExpiredToken: "get new credentials: these have ended",
  CredentialsProviderError:
    "give the option `credentials`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile",
  RequestTimeTooSkewed: clock,
  RequestExpired: clock,
  PermanentRedirect: region,
  AuthorizationHeaderMalformed: region,
  MissingContentLength: 'the server does not know these checksums: set { checksums: "when-required" }',
  QuotaExceeded: full,
  XMinioStorageFull: full,
};

/** What to do about a failure of S3. */
export const s3Advice: Advice = ({ code = "", status, message }) => {
  if (Object.hasOwn(advice, code)) return advice[code];
  if (message.startsWith("Region is missing")) return "give the option `region`, or set AWS_REGION";
  if (status === 301) return region;
  if (status === 403) return advice["AccessDenied"];
  return status === 507 ? full : undefined;
};
