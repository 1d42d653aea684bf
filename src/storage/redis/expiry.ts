/** The last moment of a `Date`: what lasts longer lasts for ever. */
const endOfTime = 8.64e15;

/** When a record is to expire as Redis takes it, in whole milliseconds since 1970; `undefined` for never. */
export function expiryOf(expiresAt: number | undefined): number | undefined {
  if (expiresAt === undefined || !(expiresAt <= endOfTime)) return undefined;
  return Math.max(1, Math.ceil(expiresAt));
}
