/** Texts with running numbers: `/orders/O-{1..100}` counts from 1 to 100 and begins anew, `{n}` goes on for ever. */

export type Template = (index: number) => string

const PLACE = /\{(?:n|([0-9]{1,9})\.\.([0-9]{1,9}))\}/g

/** A sentence where the text is no template. */
export function readTemplate(text: string): Template | string {
  const pieces: (string | { readonly first: number; readonly count: number })[] = []
  let from = 0
  for (const match of text.matchAll(PLACE)) {
    pieces.push(text.slice(from, match.index))
    const [whole, first, last] = match
    if (first === undefined || last === undefined) pieces.push({ first: 1, count: Number.POSITIVE_INFINITY })
    else {
      const count = Number(last) - Number(first) + 1
      if (count < 1) return `the range ${whole} ends before it begins`
      pieces.push({ first: Number(first), count })
    }
    from = match.index + whole.length
  }
  pieces.push(text.slice(from))
  if (pieces.some((piece) => typeof piece === 'string' && /[{}]/.test(piece))) {
    return 'braces hold {n} or a range such as {1..100}'
  }
  if (pieces.length === 1) return () => text
  return (index) =>
    pieces
      .map((piece) => {
        if (typeof piece === 'string') return piece
        return String(piece.first + (piece.count === Number.POSITIVE_INFINITY ? index : index % piece.count))
      })
      .join('')
}
