/** Lines of a fixed width for people. */

const WIDTH = 96
/** Where a place stands when there is room for it on the line. */
const PLACES = 62

/**
 * `label` and then `text`, broken at blanks and indented below itself. `place` stands at the right of the last line, or
 * on a line of its own.
 */
export function wrapped(label: string, text: string, place = ''): string[] {
  const indent = ' '.repeat([...label].length)
  const lines: string[] = []
  let line = label
  for (const word of text.split(' ')) {
    const isFirst = line === label || line === indent
    if (!isFirst && [...line].length + 1 + [...word].length > WIDTH) {
      lines.push(line)
      line = indent + word
    } else {
      line += isFirst ? word : ` ${word}`
    }
  }
  if (place === '') return [...lines, line.trimEnd()]
  const column = Math.max(PLACES, [...line].length + 2)
  if (column + place.length <= Math.max(WIDTH, PLACES + place.length)) return [...lines, line.padEnd(column) + place]
  return [...lines, line, indent + place]
}
