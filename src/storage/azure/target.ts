import { ConfigurationError } from "../../kernel/errors.ts";

/** How a container is reached. */
export interface AzureAccess {
  readonly connectionString?: string | undefined;
  readonly accountUrl?: string | undefined;
  readonly credential?: { readonly accountName: string; readonly accountKey: string } | undefined;
  readonly sasToken?: string | undefined;
}

/** What {@link targetOf} makes of it. */
export interface AzureTarget extends AzurePlace, AzureRights {
  readonly container: string;
}

/** Where an account is. */
export interface AzurePlace {
  readonly account: string;
  /** The address of the account, without anything secret and without a slash at its end. */
  readonly endpoint: string;
}

/** What requests are signed with: one of the two. */
export interface AzureRights {
  readonly credential?: { readonly accountName: string; readonly accountKey: string } | undefined;
  /** Without the question mark that portals put in front. */
  readonly sasToken?: string | undefined;
}

/** The account of Azurite; its key is in the documentation, so it is no secret. */
const development = {
  AccountName: "devstoreaccount1",
  AccountKey: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  BlobEndpoint: "http://127.0.0.1:10000/devstoreaccount1",
};

/**
 * Which account it is, where, and with which rights.
 *
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where that cannot be told, or there is no right to use it
 */
export function targetOf(access: AzureAccess, container: string, who: string): AzureTarget {
  const { connectionString, accountUrl, credential, sasToken } = access;
  const ways = [connectionString, credential, sasToken].filter((one) => one !== undefined).length;
  if (ways !== 1 || (connectionString !== undefined && accountUrl !== undefined)) {
    const found = ways === 0 ? "there is nothing to sign requests with" : "there are several ways to sign requests";
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: ${found}`, {
      hint: "pass connectionString, or accountUrl with credential or sasToken, or a ContainerClient as client",
    });
  }
  if (connectionString !== undefined) return { container, ...ofString(connectionString, who) };
  if (credential !== undefined && !(isText(credential?.accountName) && isText(credential.accountKey))) {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: credential lacks accountName or accountKey`);
  }
  return { container, ...placeOfUrl(accountUrl, who), credential, sasToken: withoutMark(sasToken) };
}

/** `https://account.blob.core.windows.net`, or with the account as the first part of the path, as Azurite has it. */
function placeOfUrl(accountUrl: unknown, who: string): AzurePlace {
  const url = typeof accountUrl === "string" && URL.canParse(accountUrl) ? new URL(accountUrl) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "") {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: accountUrl is no address of a storage account`, {
      hint: 'write "https://<account>.blob.core.windows.net"; what follows a question mark goes into `sasToken`',
    });
  }
  return placeOf(url);
}

function placeOf(url: URL): AzurePlace {
  const path = url.pathname.replace(/\/+$/, "");
  return { account: path.split("/")[1] || url.hostname.split(".")[0]!, endpoint: url.origin + path };
}

/** What a connection string says: read here, as the package takes fewer of them than the documentation has. */
function ofString(text: unknown, who: string): AzurePlace & AzureRights {
  const parts = partsOfString(text);
  const accountName = parts.get("AccountName");
  const accountKey = parts.get("AccountKey");
  const suffix = parts.get("EndpointSuffix") ?? "core.windows.net";
  const usual = accountName && `${parts.get("DefaultEndpointsProtocol") ?? "https"}://${accountName}.blob.${suffix}`;
  const address = parts.get("BlobEndpoint") ?? usual;
  const sasToken = withoutMark(parts.get("SharedAccessSignature"));
  if (address !== undefined && URL.canParse(address) && ((accountName && accountKey) || sasToken)) {
    const place = placeOf(new URL(address));
    const rights = accountName && accountKey ? { credential: { accountName, accountKey } } : { sasToken };
    return { ...place, account: accountName ?? place.account, ...rights };
  }
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: connectionString cannot be understood`, {
    hint: "copy it from the account's access keys: AccountName=…;AccountKey=…, or BlobEndpoint=…;SharedAccessSignature=…",
  });
}

function partsOfString(text: unknown): ReadonlyMap<string, string> {
  if (typeof text !== "string") return new Map();
  const parts = text
    .split(";")
    .map((part) => [part.split("=", 1)[0]!.trim(), part.slice(part.indexOf("=") + 1)] as const);
  const all = new Map(parts);
  return all.get("UseDevelopmentStorage") === "true" ? new Map(Object.entries(development)) : all;
}

/** What no message may hold. */
export function secretsOf({ credential, sasToken }: AzureRights): ReadonlyArray<string | undefined> {
  return [credential?.accountKey, sasToken, new URLSearchParams(sasToken ?? "").get("sig") ?? undefined];
}

/** The address to show; `undefined` where it is the usual one. */
export function unusual({ account, endpoint }: AzurePlace): string | undefined {
  return endpoint === `https://${account}.blob.core.windows.net` ? undefined : endpoint;
}

/** Where the client of a caller leads. */
export function placeOfClient(client: { readonly accountName: string; readonly url: string }): AzurePlace {
  const url = new URL(client.url);
  url.pathname = url.pathname.replace(/\/[^/]*\/?$/, "");
  const place = placeOf(url);
  return { ...place, account: client.accountName || place.account };
}

function withoutMark(sasToken: string | undefined): string | undefined {
  return sasToken?.replace(/^\?/, "");
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
