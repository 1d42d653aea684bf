import { type Clock, systemClock } from "../../kernel/clock.ts";
import { type Configuration, resolveReferences } from "../../kernel/configuration.ts";
import { ConfigurationError } from "../../kernel/errors.ts";
import { checkOptionNames } from "../../kernel/option-names.ts";
import { type PatienceOptions, patienceOf } from "../internal/attempts.ts";
import { ObjectNames } from "../internal/object-names.ts";
import { type AzureContainerClient, checkAzurePackage, newContainerClient } from "./client.ts";
import { AzureMedium } from "./medium.ts";
import { placeOfClient, secretsOf, targetOf, unusual } from "./target.ts";

/** Where `azureStorage()` keeps its records, and how it gets there. */
export interface AzureStorageOptions extends PatienceOptions {
  /** The container. It has to be there; it is not made. @default that of `client` */
  readonly container?: string | undefined;
  /** What the names of all blobs begin with; a slash follows it. @default "" */
  readonly prefix?: string | undefined;
  /** The account with its key or a SAS, as the portal shows it; `UseDevelopmentStorage=true` for Azurite. */
  readonly connectionString?: string | undefined;
  /** `https://<account>.blob.core.windows.net`, with `credential` or `sasToken`. */
  readonly accountUrl?: string | undefined;
  /** The key of the account. */
  readonly credential?: { readonly accountName: string; readonly accountKey: string } | undefined;
  /** A shared access signature with the rights to read, add, create, write, delete and list. */
  readonly sasToken?: string | undefined;
  /**
   * A `ContainerClient` of the package `@azure/storage-blob`, in place of the four above: for identities of the package
   * `@azure/identity`, for example.
   */
  readonly client?: AzureContainerClient | undefined;
}

const who = "azureStorage()";
const accessNames = ["connectionString", "accountUrl", "credential", "sasToken"] as const;
const optionNames: readonly string[] = ["container", "prefix", ...accessNames, "client", "timeout", "retries"];

/**
 * What `azureStorage()` writes to.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package is needed and not installed
 * @throws {ConfigurationError} `OXBOW_OPTION_UNKNOWN`, `OXBOW_OPTION_INVALID` where an option cannot be meant so
 */
export function azureMedium(options: AzureStorageOptions, clock: Clock = systemClock): AzureMedium {
  checkOptionNames(options, optionNames, who);
  const { client, ...plain } = options;
  const given = resolveReferences(plain, who);
  if (client !== undefined) checkClient(client, options);
  const container = checkedContainer(given.container ?? client?.containerName);
  const target = client === undefined ? targetOf(given, container, who) : undefined;
  const place = target ?? placeOfClient(client!);
  if (target !== undefined) checkAzurePackage(who);
  return new AzureMedium({
    names: new ObjectNames(`azure://${place.account}/${container}`, given.prefix, unusual(place), who),
    patience: patienceOf(given, who, clock),
    open: target === undefined ? async () => client! : () => newContainerClient(target),
    isTheirs: client !== undefined,
    secrets: secretsOf(target ?? { sasToken: new URL(client!.url).search.slice(1) }),
  });
}

function checkedContainer(container: unknown): string {
  if (typeof container === "string" && /^(\$root|\$web|[a-z0-9](?:-?[a-z0-9]){2,62})$/.test(container))
    return container;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: container is no name of a container`, {
    hint: 'write "results": 3 to 63 lower-case letters, digits and single hyphens; a path goes into `prefix`',
  });
}

function checkClient(client: AzureContainerClient, options: AzureStorageOptions): void {
  if (typeof client?.getBlockBlobClient !== "function" || typeof client.url !== "string") {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: client is no ContainerClient`, {
      hint: "pass new ContainerClient(…) of @azure/storage-blob, or serviceClient.getContainerClient(name)",
    });
  }
  const second =
    accessNames.find((name) => options[name] !== undefined) ??
    (options.container === undefined || options.container === client.containerName ? undefined : "container");
  if (second === undefined) return;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: client and ${second} exclude each other`, {
    hint: "the client knows container, account and key",
  });
}

const secretPaths = [
  ["connectionString", "0.connectionString"],
  ["credential", "0.credential.accountKey"],
  ["sasToken", "0.sasToken"],
] as const;

/** How it could be made again; `undefined` where it has a client of the caller. */
export function azureConfiguration(options: AzureStorageOptions): Configuration | undefined {
  if (options.client !== undefined) return undefined;
  const secrets = secretPaths.filter(([name]) => options[name] !== undefined).map(([, path]) => path);
  return { type: "azure", args: [options], secrets };
}
