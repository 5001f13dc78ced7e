/**
 * Printing a document anew sets spaces its own way: before a comment, inside braces. Lines that no change has touched shall
 * stay as they were written, so the difference between the document printed before and after is done to the text itself.
 */

/** Lines beyond which nobody looks for what two texts have in common. */
const MOST = 3000

/**
 * `original`: as written; `before` and `after`: as printed, without and with the changes. undefined where lines of `original`
 * and `before` are not one to one, or stand at other columns.
 */
export function keepLines(original: string, before: string, after: string): string | undefined {
  if (original === before) return after
  const [written, old, fresh] = [original, before, after].map((text) => text.split('\n')) as [
    string[],
    string[],
    string[],
  ]
  if (written.length !== old.length || Math.max(old.length, fresh.length) > MOST) return undefined
  if (!written.every((line, i) => start(line) === start(old[i] as string))) return undefined
  const kept = common(old, fresh)
  return fresh.map((line, i) => (kept[i] === undefined ? line : (written[kept[i]] as string))).join('\n')
}

/** What a line begins with, up to its first word. */
function start(line: string): string {
  return /^[ \t]*(?:- +)*/.exec(line)?.[0] ?? ''
}

/** For each line of `fresh` the line of `old` that it is, in order; the longest such pairing. */
function common(old: readonly string[], fresh: readonly string[]): (number | undefined)[] {
  const pairs: (number | undefined)[] = fresh.map(() => undefined)
  let head = 0
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) pairs[head] = head++
  let [oldEnd, freshEnd] = [old.length, fresh.length]
  while (oldEnd > head && freshEnd > head && old[oldEnd - 1] === fresh[freshEnd - 1]) pairs[--freshEnd] = --oldEnd
  const width = freshEnd - head + 1
  const lengths = new Uint16Array((oldEnd - head + 1) * width)
  for (let i = oldEnd - head - 1; i >= 0; i--) {
    for (let j = freshEnd - head - 1; j >= 0; j--) {
      const here = old[head + i] === fresh[head + j] ? at(lengths, (i + 1) * width + j + 1) + 1 : 0
      lengths[i * width + j] = Math.max(here, at(lengths, (i + 1) * width + j), at(lengths, i * width + j + 1))
    }
  }
  for (let i = head, j = head; i < oldEnd && j < freshEnd; ) {
    const [down, right] = [
      at(lengths, (i - head + 1) * width + j - head),
      at(lengths, (i - head) * width + j - head + 1),
    ]
    if (old[i] === fresh[j]) pairs[j++] = i++
    else if (down >= right) i++
    else j++
  }
  return pairs
}

function at(lengths: Uint16Array, index: number): number {
  return lengths[index] ?? 0
}
