import { insist, type Patience } from "../internal/attempts.ts";
import type { ServiceFailure } from "../internal/service-failure.ts";
import type { AzureBlobClient, AzureContainerClient } from "./client.ts";
import { azureFailure } from "./failure.ts";

/*
 * DESIGN: requests to Azure Blob Storage, over the package `@azure/storage-blob`.
 *
 * What it promises: what `insist()` does. What is thrown is a ServiceFailure, without anything of the request. A client of our own does not
 * repeat anything by itself; one of the caller's may, and that ends with the time limit, too.
 */
export class AzureRequests {
  readonly #open: () => Promise<AzureContainerClient>;
  readonly #patience: Patience;
  readonly #hide: (text: string) => string;
  /** Whether the client may repeat requests without saying so. */
  readonly #mayRepeatItself: boolean;

  constructor(
    open: () => Promise<AzureContainerClient>,
    patience: Patience,
    hide: (text: string) => string,
    mayRepeatItself: boolean,
  ) {
    this.#open = open;
    this.#patience = patience;
    this.#hide = hide;
    this.#mayRepeatItself = mayRepeatItself;
  }

  /**
   * Asks a blob something, again where that may help.
   *
   * @param ask is told whether the same may have been asked, and answered, before
   */
  send<T>(name: string, ask: (blob: AzureBlobClient, signal: AbortSignal, isAgain: boolean) => Promise<T>): Promise<T> {
    return this.toContainer((container, signal, isAgain) =>
      ask(container.getBlockBlobClient(name), signal, isAgain || this.#mayRepeatItself),
    );
  }

  /** Asks the container something. */
  toContainer<T>(
    ask: (container: AzureContainerClient, signal: AbortSignal, isAgain: boolean) => Promise<T>,
  ): Promise<T> {
    return insist(this.#patience, async (signal, isAgain) => {
      try {
        return await ask(await this.#open(), signal, isAgain);
      } catch (error) {
        throw this.failureOf(error);
      }
    });
  }

  /** What was thrown, as a failure. */
  readonly failureOf = (error: unknown): ServiceFailure => azureFailure(error, this.#hide);
}
