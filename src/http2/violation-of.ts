/** What the error code that ends a connection says of its peer (RFC 9113 §7). */
import type { Violation } from '../http/violation.ts'
import { COMPRESSION_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, STREAM_CLOSED } from './frames.ts'

export function violationOf(code: number): Violation {
  switch (code) {
    case FLOW_CONTROL_ERROR:
      return 'flow_control'
    case STREAM_CLOSED:
      return 'stream_closed'
    case FRAME_SIZE_ERROR:
      return 'frame_size'
    case COMPRESSION_ERROR:
      return 'compression'
    default:
      return 'protocol'
  }
}
