/** A stream of bytes as lines of text. */

/** Longest line: an object of the API is at most a few MiB (etcd's limit is 1.5 MiB). */
const LONGEST = 16 * 1024 * 1024

/** What follows the last line end is no line: the stream broke there. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let held: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      held.push(chunk.subarray(from, end))
      yield Buffer.concat(held).toString()
      held = []
      size = 0
      from = end + 1
    }
    held.push(chunk.subarray(from))
    size += chunk.length - from
    if (size > LONGEST) throw new Error(`a line of the stream is longer than ${LONGEST} bytes`)
  }
}
