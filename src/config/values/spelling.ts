/** The nearest right spelling. */

/**
 * The word of `words` that `text` most likely means, or undefined if none is near: at most one slip in three letters
 * (Damerau-Levenshtein, neighbours swapped count once), case, `-` and `_` do not count.
 */
export function nearest(text: string, words: Iterable<string>): string | undefined {
  const wanted = plain(text)
  let best: string | undefined
  let least = Math.max(1, Math.floor(Math.min(text.length, 40) / 3)) + 1
  for (const word of words) {
    if (Math.abs(word.length - text.length) > 40) continue
    const slips = distance(wanted, plain(word))
    if (slips < least && slips < word.length) {
      least = slips
      best = word
    }
  }
  return best
}

/** `; did you mean 'timeout'?`, or `otherwise` where nothing is near. */
export function didYouMean(text: string, words: Iterable<string>, otherwise = ''): string {
  const word = nearest(text, words)
  return word === undefined ? otherwise : `; did you mean '${word}'?`
}

function plain(word: string): string {
  return word.slice(0, 80).toLowerCase().replace(/[-_]/g, '')
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours between two words. */
export function distance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(at(above, j) + 1, at(row, j - 1) + 1, at(above, j - 1) + same)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) least = Math.min(least, at(before, j - 2) + 1)
      row.push(least)
    }
    before = above
    above = row
  }
  return at(above, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0
}
