/** How an HTTP/2 peer broke the rules, or overdid what they allow: one closed list, for a counter. */

export type Violation =
  /** A message or a stream was, and only that stream was reset. */
  | 'malformed'
  // The connection ended, for one of the codes of RFC 9113 §7:
  | 'protocol'
  | 'flow_control'
  | 'stream_closed'
  | 'frame_size'
  | 'compression'
  // or for being too much (ENHANCE_YOUR_CALM):
  /** Frames that move nothing. */
  | 'flood'
  /** Streams that are opened and thrown away. */
  | 'reset_flood'
  /** A header block of too many bytes or frames. */
  | 'header_flood'
  /** A frame that does not become whole. */
  | 'slow_frame'
