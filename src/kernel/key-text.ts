/** The 32 bytes of a key as text: 64 hexadecimal digits, or base64 (also its URL form); `undefined` for all else. */
export function bytesOfKeyText(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, "base64") : undefined;
}
