/**
 * What a connection towards a client waits for. Their order is made use of: up to BODY a message is read, up to HOLD what
 * comes is kept until it is its turn, from LINGER on the connection ends.
 */

/** A head. */
export const HEAD = 0
/** The rest of a body. */
export const BODY = 1
/** The request is whole and its answer awaited, or, without an exchange, the answer is waiting to be read. */
export const BUSY = 2
/** A tunnel was asked for: what follows the head is held until the answer says what it is. */
export const HOLD = 3
export const TUNNEL = 4
/** Answered before the request was whole: what still comes is discarded (RFC 9112 §9.6). */
export const LINGER = 5
export const CLOSED = 6
