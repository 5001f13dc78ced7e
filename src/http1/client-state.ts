/** What a connection to an upstream waits for. Their order is made use of: from HEAD on somebody is asking. */

/** To be connected. */
export const CONNECTING = 0
/** The next request. */
export const IDLE = 1
/** The head of an answer. */
export const HEAD = 2
/** The rest of its body. */
export const BODY = 3
export const TUNNEL = 4
export const CLOSED = 5
