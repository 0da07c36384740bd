// One process, with the adapter that Socket.IO has by default. `socket-io <port>`; prints `listening <port>`.
import { serveRooms } from "./socket-io-rooms.mjs";

serveRooms(Number(process.argv[2] ?? "0"), undefined, (port) => console.log(`listening ${port}`));
