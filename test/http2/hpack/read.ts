/** One block through our decoder. */
import type { Decoder } from '../../../src/http2/hpack/decoder.ts'
import type { Pair } from './reference.ts'

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

export interface Read {
  readonly fields: Pair[]
  readonly problem: string
}

/** The block stands somewhere in a larger buffer, as it does in a frame. */
export function read(decoder: Decoder, block: Buffer): Read {
  const fields: Pair[] = []
  const around = Buffer.concat([Buffer.from([0xff, 0xff]), block, Buffer.from([0x82, 0x82])])
  const problem = decoder.decode(around, 2, 2 + block.length, {
    field: (name, value) => void fields.push([name, value]),
  })
  return { fields, problem }
}
