/** How long texts may be that cross a trunk, and how many things one message names. Apart from their shapes: a listener needs no more. */

/** `host:port` of a member. */
export const addressLengthMax = 256;
/** What people read of a refusal. */
export const detailLengthMax = 512;
export const appVersionLengthMax = 128;
/** Of a WebSocket subprotocol; of path and query of a request. What a client asks with is refused above (`edge/listener-limits.ts`). */
export const protocolLengthMax = 256;
export const targetLengthMax = 8_192;
/** Things told in one message. */
export const tellItemsMax = 256;

/** As much of it as a message holds. */
export const cutDetail = (detail: string): string => detail.slice(0, detailLengthMax);
