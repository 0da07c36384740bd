/**
 * A bare uWebSockets.js server, the peer that benchmarks compare with: no rooms, no journal, no second process.
 *
 * `bare-uws <port>`, 0 for a free one. `/echo` sends every frame back to its sender, `/fan` to all who are connected there. Prints
 * `listening <port>`.
 */
import * as uWS from "uWebSockets.js";

const everybody = "everybody";
const behavior = {
  compression: 0,
  maxPayloadLength: 1024 * 1024,
  maxBackpressure: 16 * 1024 * 1024,
  idleTimeout: 120,
  sendPingsAutomatically: true,
};

const port = Number(process.argv[2] ?? "0");
const app = uWS
  .App()
  .ws("/echo", {
    ...behavior,
    message: (ws, bytes, isBinary) => {
      ws.send(bytes, isBinary, false);
    },
  })
  .ws("/fan", {
    ...behavior,
    open: (ws) => {
      ws.subscribe(everybody);
    },
    message: (_ws, bytes, isBinary) => {
      app.publish(everybody, bytes, isBinary, false);
    },
  });

app.listen("127.0.0.1", port, (listenSocket) => {
  if (listenSocket === false) {
    console.error(`cannot listen on 127.0.0.1:${port}`);
    process.exit(1);
  }
  // The types call it another kind of socket; the binary takes both.
  console.log(`listening ${uWS.us_socket_local_port(listenSocket)}`);
});
