// Hocuspocus as its documentation starts it, without an extension: documents are in memory. `hocuspocus <port>`; prints `listening <port>`.
import { Server } from "@hocuspocus/server";

const port = Number(process.argv[2]);
const server = new Server({ port, address: "127.0.0.1", quiet: true }, { perMessageDeflate: false });
await server.listen();
console.log(`listening ${port}`);
