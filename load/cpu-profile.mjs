// Preloaded with `--import` by `npm run bench -- --profile <folder>`: writes a CPU profile of the whole process into the folder that
// CPU_PROFILE_FOLDER names. Node's own `--cpu-prof` cannot be handed down to child processes.
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join } from "node:path";

const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.start");
process.on("exit", () => {
  session.post("Profiler.stop", (error, result) => {
    if (error) return;
    writeFileSync(
      join(process.env.CPU_PROFILE_FOLDER ?? ".", `${process.pid}.cpuprofile`),
      JSON.stringify(result.profile),
    );
  });
});
