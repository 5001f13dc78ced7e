/** Values of flags and of the variables that stand for them. */
import { type Parsed, parsed, unreadable } from '../../src/config/values/parsed.ts'

/** Of a flag: `--kube-api` is OUTRIGGER_KUBE_API. */
export function variable(flag: string): string {
  return `OUTRIGGER_${flag.toUpperCase().replaceAll('-', '_')}`
}

/** Throws an Error with a sentence where `parse` cannot read the text. */
export function readFlag<T>(flag: string, text: string, parse: (text: string) => Parsed<T>): T {
  const result = parse(text)
  if (result.ok) return result.value
  const proposal = result.proposal === '' ? '' : `: ${result.proposal}`
  throw new Error(`--${flag} must be ${result.must}, found '${text}'${proposal}`)
}

export function oneOf<const T extends string>(words: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const found = words.find((word) => word === text)
    return found === undefined ? unreadable(`one of ${words.join(', ')}`, '') : parsed(found)
  }
}
