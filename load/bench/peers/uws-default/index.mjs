// uWebSockets.js as Colyseus imports it: with a default export, which the build on the package registry does not have.
import * as uWS from "uws-pack";

export * from "uws-pack";
export default uWS;
