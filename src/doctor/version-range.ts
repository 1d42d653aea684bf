/*
 * DESIGN. As much of npm's version ranges as the manifest of this package uses: `^1.2.0`, `>=0.5.0 <1`, `>=22.13`, joined
 * by `||`. Of a pre-release the numbers count.
 */

type Version = readonly [number, number, number];

/** Whether a version is in a range. What cannot be read is: nobody is warned without a reason. */
export function isInRange(version: string, range: string): boolean {
  const found = versionOf(version);
  return (
    found === undefined ||
    range.split("||").some((part) =>
      part
        .trim()
        .split(/\s+/)
        .every((one) => holds(found, one)),
    )
  );
}

function holds(found: Version, comparator: string): boolean {
  const [, operator = "", text = ""] = /^(\^|~|>=|<=|>|<|=|)v?(.*)$/.exec(comparator) ?? [];
  const limit = versionOf(text);
  if (limit === undefined) return true;
  const order = compare(found, limit);
  switch (operator) {
    case "^":
      return order >= 0 && compare(found, nextBreaking(limit)) < 0;
    case "~":
      return order >= 0 && compare(found, [limit[0], limit[1] + 1, 0]) < 0;
    case ">=":
      return order >= 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case "<":
      return order < 0;
    default:
      return order === 0;
  }
}

function nextBreaking([major, minor, patch]: Version): Version {
  if (major > 0) return [major + 1, 0, 0];
  return minor > 0 ? [0, minor + 1, 0] : [0, 0, patch + 1];
}

function versionOf(text: string): Version | undefined {
  const [, major, minor = "0", patch = "0"] = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function compare(left: Version, right: Version): number {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}
