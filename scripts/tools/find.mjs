import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Full path of the first of `names` that is on the PATH (or in the sbin folders, which users often lack), or undefined. */
export function findProgram(...names) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  for (const name of names) {
    for (const folder of folders) {
      if (folder === "") continue;
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

/** Installs a Debian or Ubuntu package where that needs nobody's consent: as root, with apt-get. Answers whether it worked. */
export function installWithApt(packageName) {
  if (process.getuid?.() !== 0 || findProgram("apt-get") === undefined) return false;
  console.error(`installing ${packageName} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args) => spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] }).status === 0;
  const install = () => apt("install", "-y", "-q", "--no-install-recommends", packageName);
  return install() || (apt("update", "-q") && install());
}
