/** Tables as text. Widths count what is seen: colours take no room. */

const COLOUR = /\u001b\[[0-9;]*m/g

/** Columns a text takes in a terminal. */
export function width(text: string): number {
  return text.replace(COLOUR, '').length
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)))
}

function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - width(text))) + text
}

/** Rows under a heading, the first column to the left, the others to the right, two blanks between. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((cell, column) => Math.max(width(cell), ...rows.map((row) => width(row[column] ?? ''))))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? padEnd(cell, widths[0] ?? 0) : padStart(cell, widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  const rule = widths.map((columns) => '─'.repeat(columns)).join('──')
  return [line(heading), rule, ...rows.map(line)].join('\n')
}

/** `97.3 %`; with full marks without a fraction, and never rounded up to them. NaN: a dash. */
export function percent(value: number): string {
  if (Number.isNaN(value)) return '–'
  if (value === 100 || value === 0) return `${value} %`
  return `${(Math.floor(value * 10) / 10).toFixed(1)} %`
}

/** `3.2 ms`, `999 ms`, `1.05 s`. NaN: a dash. */
export function duration(ms: number): string {
  if (Number.isNaN(ms)) return '–'
  if (ms >= 999.5) return `${(ms / 1000).toFixed(2)} s`
  return ms >= 99.5 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`
}

/** A bar of `columns` characters, `value` of `full` filled; over-full is full. */
export function bar(value: number, full: number, columns: number): string {
  const share = full <= 0 ? 0 : Math.min(1, Math.max(0, value / full))
  // What is not nothing shows, and what is not all shows a gap.
  const filled = value <= 0 ? 0 : Math.max(1, Math.floor(share * columns))
  return '█'.repeat(filled) + '░'.repeat(columns - filled)
}

const STEPS = '▁▂▃▄▅▆▇█'

/** One character for each share 0…1; NaN leaves a gap. */
export function sparkline(shares: readonly number[]): string {
  return shares
    .map((share) => (Number.isNaN(share) ? ' ' : (STEPS[Math.floor(Math.min(0.999, share) * 8)] ?? ' ')))
    .join('')
}
