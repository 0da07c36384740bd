export { type CloseCode, closeCodes, isSendableCloseCode } from "./wire/close-codes.ts";
export { RoomgateError } from "./wire/errors.ts";

/** Version of this package; a test compares it with package.json. A constant, so that pages can import it too. */
export const version = "0.1.0";
