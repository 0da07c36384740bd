// Two workers on one port, whose broadcasts reach each other's clients by the cluster adapter. `socket-io-cluster <port>`; prints
// `listening <port>` when both are there.
import cluster from "node:cluster";
import { createAdapter, setupPrimary } from "@socket.io/cluster-adapter";
import { serveRooms } from "./socket-io-rooms.mjs";

const workers = 2;
const port = Number(process.argv[2]);

if (cluster.isPrimary) {
  setupPrimary();
  let ready = 0;
  cluster.on("message", (_worker, message) => {
    if (message === "ready") ready += 1;
    if (message === "ready" && ready === workers) console.log(`listening ${port}`);
  });
  cluster.on("exit", () => process.exit(1));
  process.on("SIGTERM", () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill("SIGKILL");
    process.exit(0);
  });
  for (let index = 0; index < workers; index += 1) cluster.fork();
} else {
  process.on("disconnect", () => process.exit(0));
  serveRooms(port, createAdapter(), () => process.send("ready"));
}
