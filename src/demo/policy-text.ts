/**
 * Makes a policy file fit for a run: other addresses, because ports are drawn anew each time, and every time divided, so
 * that a minute's story takes six seconds. Works on the text, because the text is what an operator would edit; comments
 * stay as they are.
 */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** A duration as the files write it, standing alone: not part of a name, an address or a rate. */
const DURATION = /(?<![\w.:/-])(\d+(?:\.\d+)?)(ms|s|m|h)(?![\w.:/-])/g

/** At least 1 ms, the least that the loader takes (but `0s` stays); as few digits as say it. */
function scaled(amount: string, unit: string, by: number): string {
  if (Number(amount) === 0) return amount + unit
  const ms = Math.max(1, (Number(amount) * (UNITS[unit] ?? 1)) / by)
  return `${Number(ms.toFixed(3))}ms`
}

/** Where a comment starts in a line, or its length. A `#` counts at the start or after a blank, outside quotes. */
function commentAt(line: string): number {
  let quote = ''
  for (let index = 0; index < line.length; index++) {
    const char = line[index] ?? ''
    if (quote !== '') {
      if (char === quote) quote = ''
    } else if (char === '"' || char === "'") quote = char
    else if (char === '#' && (index === 0 || /\s/.test(line[index - 1] ?? ''))) return index
  }
  return line.length
}

/** `addresses`: as written in the file → as it shall be. `scale`: what times are divided by. */
export function renderPolicy(text: string, scale: number, addresses: Readonly<Record<string, string>> = {}): string {
  return text
    .split('\n')
    .map((line) => {
      const end = commentAt(line)
      let code = line.slice(0, end)
      if (scale !== 1) code = code.replace(DURATION, (_, amount: string, unit: string) => scaled(amount, unit, scale))
      for (const [from, to] of Object.entries(addresses)) code = code.replaceAll(from, to)
      return code + line.slice(end)
    })
    .join('\n')
}
