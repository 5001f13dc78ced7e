/** A YAML stream as its documents, each with the text it came as. */

export interface Chunk {
  /** The line that begins the document, `---` and what stands behind it; '' where none does. */
  readonly marker: string
  /** All up to the next document, comments and blank lines at the end included. */
  readonly body: string
}

/** Three hyphens or dots at the start of a line always end a document, also inside a scalar (YAML 1.2 §9.1.2). */
const MARKER = /^(?:---|\.\.\.)(?=[ \t\r\n]|$).*(?:\r?\n|$)/gm

/** Joined again, they are the text. */
export function chunksOf(text: string): Chunk[] {
  const chunks: Chunk[] = []
  let marker = ''
  let from = 0
  for (const match of text.matchAll(MARKER)) {
    const body = text.slice(from, match.index)
    if (marker !== '' || body !== '') chunks.push({ marker, body })
    marker = match[0]
    from = match.index + match[0].length
  }
  chunks.push({ marker, body: text.slice(from) })
  return chunks
}
