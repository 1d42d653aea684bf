import type { Part, TransactionHost } from "../transactions/part.ts";
import { loggerIn } from "./run-context.ts";
import { withScope, type Scope } from "./scope.ts";
import type { Services } from "./services.ts";

/** What the transaction of a block needs of the place where the block stands. */
export class BlockHost implements TransactionHost {
  readonly isRun = false;
  readonly label: string;
  readonly #services: Services;
  readonly #scope: Scope;

  constructor(services: Services, scope: Scope, key: string | undefined) {
    this.label = key === undefined ? "The transaction" : `Transaction '${key}'`;
    this.#services = services;
    this.#scope = scope;
  }

  get logger(): TransactionHost["logger"] {
    return loggerIn(this.#scope);
  }

  get copier(): TransactionHost["copier"] {
    return this.#services.copier;
  }

  runHook<T>(part: Part, fn: () => T): T {
    return withScope(this.#services, { hookOf: part }, fn, this.#scope);
  }
}
