/**
 * Compares two strings by their UTF-8 bytes, without encoding them. It differs from `<`, which compares UTF-16
 * units, for characters beyond U+FFFF: their surrogates sort before U+E000…U+FFFF, their bytes after.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
