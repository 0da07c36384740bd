// Colyseus on its uWebSockets.js transport: messages of the type `m` go back to their sender in a room `echo`, to all in a room `fan`.
// One room for each `name`. `colyseus <port>`; prints `listening <port>`.
import { Room, Server } from "@colyseus/core";
import { uWebSocketsTransport } from "@colyseus/uwebsockets-transport";

class Echo extends Room {
  onCreate() {
    this.onMessage("m", (client, content) => client.send("m", content));
  }
}

class Fan extends Room {
  onCreate() {
    this.onMessage("m", (_client, content) => this.broadcast("m", content));
  }
}

const port = Number(process.argv[2]);
const transport = new uWebSocketsTransport({ compression: 0, maxBackpressure: 16 * 1024 * 1024 });
const server = new Server({ transport, greet: false });
server.define("echo", Echo).filterBy(["name"]);
server.define("fan", Fan).filterBy(["name"]);
await server.listen(port, "127.0.0.1");
console.log(`listening ${port}`);
