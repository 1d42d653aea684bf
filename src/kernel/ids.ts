import { adjectives, animals } from "./run-names.ts";

/** A fresh random id (UUID version 4, RFC 9562). */
export function newId(): string {
  return crypto.randomUUID();
}

/** `outgoing-cicada`: a name for a flow run that people can say aloud. It follows from the id. */
export function flowRunName(id: string): string {
  const adjective = adjectives[Number.parseInt(id.slice(0, 4), 16) % adjectives.length]!;
  const animal = animals[Number.parseInt(id.slice(4, 8), 16) % animals.length]!;
  return `${adjective}-${animal}`;
}

/** `add-one-d85`: the task's name and the first three hexadecimal digits of the run's id. */
export function taskRunName(taskName: string, id: string): string {
  return `${taskName}-${id.slice(0, 3)}`;
}
