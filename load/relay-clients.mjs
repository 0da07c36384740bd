// Clients that are as cheap as can be: raw sockets, one prepared frame, answers counted by their bytes. Started with an IPC
// channel: tells `{ ready }`, and answers every message with what has come back so far and what CPU that took here.
//
// relay-clients.mjs <port> <clients> <inFlight> <payloadBytes> <path> ...   (clients take the paths in turn)
import { randomBytes } from "node:crypto";
import { connect } from "node:net";

const [port, clients, inFlight, payloadBytes] = process.argv.slice(2, 6).map(Number);
const paths = process.argv.slice(6);
if (payloadBytes > 125) throw new Error("a frame of more than 125 bytes has another header");

/** A masked binary frame; the mask of zeros leaves the payload as it is. */
const frame = Buffer.concat([Buffer.from([0x82, 0x80 | payloadBytes, 0, 0, 0, 0]), Buffer.alloc(payloadBytes, 0x61)]);
const many = Buffer.concat(Array.from({ length: 64 }, () => frame));
const answerBytes = 2 + payloadBytes;
let answers = 0;

function open(path) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    socket.on("error", reject);
    socket.on("close", () => process.exit(1));
    socket.write(
      [
        `GET ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
        "\r\n",
      ].join("\r\n"),
    );
    let head = "";
    let rest = 0;
    const onAnswers = (bytes) => {
      rest += bytes.length;
      const count = Math.floor(rest / answerBytes);
      rest -= count * answerBytes;
      answers += count;
      for (let left = count; left > 0; left -= 64) {
        socket.write(left >= 64 ? many : many.subarray(0, left * frame.length));
      }
    };
    const onHead = (bytes) => {
      head += bytes.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", onHead);
      if (!head.startsWith("HTTP/1.1 101")) reject(new Error(head.split("\r\n", 1)[0]));
      socket.on("data", onAnswers);
      resolve(socket);
    };
    socket.on("data", onHead);
  });
}

const sockets = [];
for (let index = 0; index < clients; index += 1) sockets.push(await open(paths[index % paths.length]));
for (const socket of sockets) socket.write(many.subarray(0, inFlight * frame.length));
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send({ answers, cpuMicros: user + system });
});
process.on("disconnect", () => process.exit(0));
process.send({ ready: true });
