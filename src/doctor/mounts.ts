import { existsSync, realpathSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";

/** What kind of place a file system is, as far as it matters to what is kept there. */
export type PlaceKind = "network" | "memory" | "container" | "local";

// SQLite keeps its write-ahead log together by shared memory and locks, which these do not have among machines, or not at all.
const network =
  /^(nfs\d*|cifs|smb\w*|9p|afs|ceph|lustre|glusterfs|gpfs|virtiofs|vboxsf|prl_fs|acfs|ocfs2|beegfs|davfs|fuse\.(sshfs|glusterfs|s3fs|gcsfuse|goofys|rclone|blobfuse2?|juicefs|mount-s3|davfs2?|grpcfuse|osxfs|smbnetfs|.*-s3.*))$/;
const memory = /^(tmpfs|ramfs)$/;
const container = /^(overlay|overlayfs|aufs|unionfs|fuse\.fuse-overlayfs|fuse-overlayfs)$/;

/** What a type of file system is: `nfs4` is `network`. */
export function placeKind(type: string): PlaceKind {
  if (network.test(type)) return "network";
  if (memory.test(type)) return "memory";
  return container.test(type) ? "container" : "local";
}

/**
 * The type of the file system that a path is on, by `/proc/self/mountinfo` (proc(5)).
 *
 * @returns `undefined` where it cannot be told
 */
export function fileSystemOf(path: string, mounts: string): string | undefined {
  let best: { readonly point: string; readonly type: string } | undefined;
  for (const line of mounts.split("\n")) {
    const [before, after] = line.split(" - ", 2);
    const point = before?.split(" ")[4];
    const type = after?.split(" ")[0];
    if (point === undefined || type === undefined) continue;
    // Blanks and the like are octal there. Of two at one place the later one covers the first.
    const place = point.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
    if (isWithin(path, place) && (best === undefined || place.length >= best.point.length))
      best = { point: place, type };
  }
  return best?.type;
}

/** Whether a path is a folder or something in it. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (!way.startsWith("..") && way !== resolve(way));
}

/** What is there of a path: itself, or the nearest folder above it, without symbolic links. */
export function nearestExisting(path: string): string {
  let place = path;
  while (!existsSync(place) && place !== dirname(place)) place = dirname(place);
  try {
    return realpathSync(place);
  } catch {
    return place;
  }
}
