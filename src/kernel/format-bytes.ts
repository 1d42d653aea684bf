const units = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** `640 bytes`, `1.5 KiB`, `48 MiB`: a length in bytes, for people. */
export function formatBytes(bytes: number): string {
  const step = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const amount = bytes / 1024 ** step;
  return `${amount >= 10 || Number.isInteger(amount) ? Math.round(amount) : amount.toFixed(1)} ${units[step]}`;
}
