import { ConfigurationError } from "../../kernel/errors.ts";

/** The keys of an account. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of credentials that end after a while. */
  readonly sessionToken?: string | undefined;
}

/** An `S3Client` of the package `@aws-sdk/client-s3`, as far as it is used here. */
export interface S3ClientLike {
  send(command: never, options: never): unknown;
  readonly config: object;
}

/** A bucket, and how to get there. */
export interface S3Server {
  /** The name of the bucket. It has to be there. */
  readonly bucket: string;
  /** What all keys begin with: a path, `team/results`. @default "" */
  readonly prefix?: string | undefined;
  /** @default what the SDK finds: `AWS_REGION`, the profile; `us-east-1` for an endpoint without either */
  readonly region?: string | undefined;
  /** The address of a server that is not Amazon's: `https://s3.example.com`. @default `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` */
  readonly endpoint?: string | undefined;
  /** Whether the bucket is part of the path, not of the host. @default true where there is an endpoint */
  readonly forcePathStyle?: boolean | undefined;
  /** @default what the SDK finds: the environment, the profile, the role of the machine */
  readonly credentials?: S3Credentials | undefined;
  /** A client of the caller's own, in place of region, endpoint and credentials. It is never destroyed here. */
  readonly client?: S3ClientLike | undefined;
  /**
   * Whether requests carry a checksum (CRC32) of what they send wherever there can be one, or only where S3 demands it. Servers other
   * than Amazon's may not know the newer ones.
   *
   * @default "when-required" for an endpoint that is not Amazon's, else "when-supported"
   */
  readonly checksums?: "when-supported" | "when-required" | undefined;
}

/** The address of the server, where it is not left to the SDK. */
export function endpointOf({ endpoint, client }: S3Server): string | undefined {
  if (endpoint !== undefined || client !== undefined) return endpoint;
  const { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: ignored, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  return ignored === "true" ? undefined : AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL || undefined;
}

/** Whether a host is one of Amazon's. */
export function isAmazon(host: string): boolean {
  return /(^|\.)amazonaws\.com(\.cn)?$/.test(host) || /(^|\.)api\.aws$/.test(host);
}

const clients = new WeakMap<object, number>();
let lastClient = 0;

/** Where the server is, for people, where it is not Amazon's usual one: no credentials, and the same for the same server. */
export function placeOf(server: S3Server): string | undefined {
  if (server.client !== undefined) {
    const number = clients.get(server.client) ?? (lastClient += 1);
    clients.set(server.client, number);
    return `client ${number}`;
  }
  const endpoint = endpointOf(server);
  if (endpoint === undefined) return undefined;
  const { protocol, host, pathname } = new URL(endpoint);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/**
 * Checks what a server was described with. What is wrong with an endpoint is said without showing it: it may hold a password.
 *
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID`
 */
export function checkServer(server: S3Server, who: string): void {
  const { bucket, client, credentials, checksums } = server;
  const wrong = (what: string, hint: string): ConfigurationError =>
    new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: ${what}`, { hint });
  if (typeof bucket !== "string" || bucket === "") throw wrong("the bucket has no name", 'write { bucket: "name" }');
  if (client !== undefined && typeof client.send !== "function") {
    throw wrong("the client is none", "give it an S3Client of the package @aws-sdk/client-s3");
  }
  if (checksums !== undefined && checksums !== "when-supported" && checksums !== "when-required") {
    throw wrong(`checksums cannot be ${String(checksums)}`, 'write "when-supported" or "when-required"');
  }
  const endpoint = endpointOf(server);
  if (endpoint !== undefined && !isHttp(endpoint)) {
    throw wrong("the endpoint is not a URL", 'write "https://s3.example.com", without user and password');
  }
  if (credentials !== undefined && !(isText(credentials.accessKeyId) && isText(credentials.secretAccessKey))) {
    throw wrong("the credentials are incomplete", "write { accessKeyId, secretAccessKey }, or leave them to the SDK");
  }
}

function isHttp(text: unknown): boolean {
  if (typeof text !== "string" || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
