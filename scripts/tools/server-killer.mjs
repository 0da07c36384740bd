import { randomBytes } from "node:crypto";
import { createServer } from "node:http";

/**
 * A hand for k6, which can kill nobody: `POST <url>/<server id>` sends SIGKILL to the process that the admin side gives for that server, and
 * answers 204. It listens on the loopback only, behind a secret in its address, and works only where the cluster runs on this machine.
 */
export async function openKiller(adminUrl) {
  const secret = randomBytes(16).toString("hex");
  const server = createServer((request, response) => {
    const end = (status, text = "") => response.writeHead(status, { "content-type": "text/plain" }).end(text);
    const [, given, id] = (request.url ?? "").split("/");
    if (request.method !== "POST" || given !== secret || !id) return end(404);
    killServer(adminUrl, id).then(
      () => end(204),
      (error) => end(409, error.message),
    );
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/${secret}`, close: () => server.close() };
}

async function killServer(adminUrl, id) {
  const answer = await fetch(`${adminUrl}/api/servers`);
  if (!answer.ok) throw new Error(`/api/servers answered ${answer.status}`);
  const found = (await answer.json()).find((server) => server.id === id);
  if (found === undefined) throw new Error(`there is no server ${id}`);
  if (!Number.isInteger(found.pid) || found.pid <= 1) throw new Error(`${id} has no process of this machine`);
  process.kill(found.pid, "SIGKILL");
}
