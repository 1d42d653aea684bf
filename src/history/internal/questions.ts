import type { CompiledQuery } from "kysely";
import { type Builder, builderFor } from "./builder.ts";
import type { Medium, Row } from "./medium.ts";

/** What Kysely can make a statement of, with the kind of row that it gives. */
export interface Query<O> {
  compile(): CompiledQuery<O>;
}

/** What a statement is written with by hand. */
export interface Words {
  /** A table, as it is called there. */
  table(name: string): string;
  /** A value, in the order of the text. */
  value(value: string | number): string;
}

/** Puts questions to a medium, in the words of the query builder. */
export class Questions {
  readonly #medium: Medium;
  #builder: Promise<Builder> | undefined;

  constructor(medium: Medium) {
    this.#medium = medium;
  }

  /** The rows of a query; none where there is no database. */
  async read<O>(query: (builder: Builder) => Query<O>): Promise<readonly O[]> {
    return (await this.#medium.read(query(await this.builder()).compile())) as readonly O[];
  }

  /** The rows of a statement that is written by hand: for what every process asks, as loading the query builder takes 70 ms. */
  async readPlainly(statement: (words: Words) => string): Promise<readonly Row[]> {
    const { kind, schema } = this.#medium;
    const parameters: unknown[] = [];
    const sql = statement({
      table: (name) => (schema === undefined ? name : `"${schema.replaceAll('"', '""')}".${name}`),
      value: (value) => (kind === "sqlite" ? `?${parameters.push(value)}` : `$${parameters.push(value)}`),
    });
    return this.#medium.read({ sql, parameters });
  }

  /** Changes rows, all or nothing. Where there is no database nothing is done, or it is made. @returns the rows that each gives */
  async change(
    queries: (builder: Builder) => ReadonlyArray<Query<unknown>>,
    { make }: { readonly make: boolean },
  ): Promise<ReadonlyArray<readonly Row[]>> {
    const statements = queries(await this.builder()).map((query) => query.compile());
    return this.#medium.change(statements, make);
  }

  builder(): Promise<Builder> {
    return (this.#builder ??= builderFor(this.#medium));
  }
}
