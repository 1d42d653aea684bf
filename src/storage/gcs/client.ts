import { createRequire } from "node:module";
import type { Storage as GoogleStorage } from "@google-cloud/storage";
import { ConfigurationError, OxbowError } from "../../kernel/errors.ts";

/** A `Storage` of the package `@google-cloud/storage`, as far as it is used here: for its address and its credentials. */
export interface GcsClient {
  /** `https://storage.googleapis.com` */
  readonly apiEndpoint: string;
  makeAuthenticatedRequest(
    request: { uri: string; headers: Record<string, string> },
    options: { onAuthenticated(error: Error | null, request?: { headers?: unknown }): void },
  ): unknown;
}

/** What a client is made of where the user has none. */
export interface GcsAccess {
  readonly projectId?: string | undefined;
  readonly keyFilename?: string | undefined;
  readonly credentials?: { readonly client_email: string; readonly private_key: string } | undefined;
  readonly apiEndpoint?: string | undefined;
}

/** Where the service is if nobody says otherwise. */
const usualEndpoint = "https://storage.googleapis.com";

/**
 * The address to show and to ask, without anything secret; `undefined` where it is the usual one.
 *
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where it is no address
 */
export function endpointOf(apiEndpoint: string | undefined, who: string): string | undefined {
  const given = apiEndpoint ?? process.env["STORAGE_EMULATOR_HOST"] ?? usualEndpoint;
  const text = typeof given === "string" && /^https?:\/\//.test(given) ? given : `https://${String(given)}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "" || url.search !== "") {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: apiEndpoint is no address of a server`, {
      hint: 'write "https://storage.example.com", without user, password and query',
    });
  }
  const endpoint = url.origin + url.pathname.replace(/\/+$/, "");
  return endpoint === usualEndpoint ? undefined : endpoint;
}

/**
 * Says so where a storage is made, not at the first request.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package is not installed
 */
export function checkGcsPackage(who: string): void {
  try {
    createRequire(import.meta.url).resolve("@google-cloud/storage");
  } catch (cause) {
    throw new OxbowError(
      "OXBOW_DRIVER_MISSING",
      `${who} needs the package @google-cloud/storage, which is not installed`,
      {
        cause,
        hint: "npm install @google-cloud/storage",
      },
    );
  }
}

/** A client of our own. The package is loaded by the first one: importing a driver costs nothing of it. */
export async function newGcsClient(access: GcsAccess): Promise<GcsClient> {
  const { Storage } = await import("@google-cloud/storage");
  const { projectId, keyFilename, credentials, apiEndpoint } = access;
  const options: NonNullable<ConstructorParameters<typeof Storage>[0]> = {};
  if (projectId !== undefined) options.projectId = projectId;
  // Deprecated for files from strangers, which may name programs to run: this one is the user's.
  // oxlint-disable-next-line typescript/no-deprecated
  if (keyFilename !== undefined) options.keyFilename = keyFilename;
  if (credentials !== undefined) options.authClient = signerOf(credentials);
  if (apiEndpoint !== undefined) {
    options.apiEndpoint = apiEndpoint;
    // A server that is not Google's may still want credentials; they do not go over a line that others can read.
    options.useAuthWithCustomEndpoint = apiEndpoint.startsWith("https:");
  }
  return new Storage(options);
}

type Signer = NonNullable<NonNullable<ConstructorParameters<typeof GoogleStorage>[0]>["authClient"]>;

/** What signs for a service account. The package's own option for that prints a warning to the console with each client. */
function signerOf({ client_email, private_key }: NonNullable<GcsAccess["credentials"]>): Signer {
  const storage = createRequire(import.meta.url).resolve("@google-cloud/storage");
  const { JWT } = createRequire(storage)("google-auth-library") as {
    readonly JWT: new (options: { email: string; key: string; scopes: string[] }) => Signer;
  };
  const scopes = ["https://www.googleapis.com/auth/devstorage.read_write"];
  return new JWT({ email: client_email, key: private_key, scopes });
}
