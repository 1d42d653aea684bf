import { type Clock, systemClock } from "../../kernel/clock.ts";
import { type Configuration, resolveReferences } from "../../kernel/configuration.ts";
import { ConfigurationError } from "../../kernel/errors.ts";
import { checkOptionNames } from "../../kernel/option-names.ts";
import { type PatienceOptions, patienceOf } from "../internal/attempts.ts";
import { ObjectNames } from "../internal/object-names.ts";
import { checkGcsPackage, endpointOf, type GcsClient, newGcsClient } from "./client.ts";
import { GcsMedium } from "./medium.ts";

/** Where `gcsStorage()` keeps its records, and how it gets there. */
export interface GcsStorageOptions extends PatienceOptions {
  /** The bucket. It has to be there; it is not made. */
  readonly bucket: string;
  /** What the names of all objects begin with; a slash follows it. @default "" */
  readonly prefix?: string | undefined;
  /** The project that is asked. @default that of the credentials */
  readonly projectId?: string | undefined;
  /** A file with the key of a service account. */
  readonly keyFilename?: string | undefined;
  /** The key of a service account, in place of a file. @default what `gcloud` and Google's machines provide */
  readonly credentials?: { readonly client_email: string; readonly private_key: string } | undefined;
  /**
   * The address of another server that speaks the JSON API. It gets credentials only over `https:`.
   *
   * @default "https://storage.googleapis.com"
   */
  readonly apiEndpoint?: string | undefined;
  /** A `Storage` of the package `@google-cloud/storage`, in place of credentials and address. */
  readonly client?: GcsClient | undefined;
}

const who = "gcsStorage()";
const optionNames: readonly string[] = [
  "bucket",
  "prefix",
  "projectId",
  "keyFilename",
  "credentials",
  "apiEndpoint",
  "client",
  "timeout",
  "retries",
];

/**
 * What `gcsStorage()` writes to.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package is needed and not installed
 * @throws {ConfigurationError} `OXBOW_OPTION_UNKNOWN`, `OXBOW_OPTION_INVALID` where an option cannot be meant so
 */
export function gcsMedium(options: GcsStorageOptions, clock: Clock = systemClock): GcsMedium {
  checkOptionNames(options, optionNames, who);
  const { client, ...plain } = options;
  const given = resolveReferences(plain, who);
  const { bucket, prefix, credentials } = given;
  if (typeof bucket !== "string" || !/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(bucket)) {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: bucket is no name of a bucket`, {
      hint: 'write "results", without gs:// and without a path; a path goes into `prefix`',
    });
  }
  checkClient(options);
  const endpoint = endpointOf(client?.apiEndpoint ?? given.apiEndpoint, who);
  if (client === undefined) checkGcsPackage(who);
  return new GcsMedium({
    bucket,
    names: new ObjectNames(`gs://${bucket}`, prefix, endpoint, who),
    patience: patienceOf(given, who, clock),
    open: client === undefined ? () => newGcsClient(given) : async () => client,
    secrets: credentials?.private_key.split("\n") ?? [],
  });
}

const accessNames = ["projectId", "keyFilename", "credentials", "apiEndpoint"] as const;

function checkClient(options: GcsStorageOptions): void {
  const { client, credentials } = options;
  const isWhole = (text: unknown): boolean => typeof text === "string" && text !== "";
  if (credentials !== undefined && !(isWhole(credentials?.client_email) && isWhole(credentials.private_key))) {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: credentials lack client_email or private_key`, {
      hint: "both are in the JSON file of the service account's key",
    });
  }
  if (client === undefined) return;
  if (typeof client !== "object" || client === null || typeof client.makeAuthenticatedRequest !== "function") {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: client is no Storage of @google-cloud/storage`, {
      hint: "pass new Storage({ … }), or leave it out",
    });
  }
  const second = accessNames.find((name) => options[name] !== undefined);
  if (second === undefined) return;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: client and ${second} exclude each other`, {
    hint: `give ${second} to the client`,
  });
}

/** How it could be made again; `undefined` where it has a client of the caller. */
export function gcsConfiguration(options: GcsStorageOptions): Configuration | undefined {
  if (options.client !== undefined) return undefined;
  const secrets = options.credentials === undefined ? [] : ["0.credentials.private_key"];
  return { type: "gcs", args: [options], secrets };
}
