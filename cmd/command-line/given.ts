/** What somebody said to a command: by flag, by variable, or not at all. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { type Parsed, parsed, unreadable } from '../../src/config/values/parsed.ts'
import { type FlagUsage, hasVariable, type Usage, variable } from './usage.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Flag over variable over default. A text that is empty says nothing. */
export class Given<F extends string> {
  /** What is neither a flag nor the value of one, in the order of the line. */
  readonly words: readonly string[]
  readonly environment: Environment
  readonly #usage: Usage
  readonly #values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>

  /** Throws an Error with a sentence: a flag nobody knows, one without its value. */
  constructor(usage: Usage<F>, args: readonly string[], environment: Environment) {
    const options = Object.fromEntries(
      Object.entries<FlagUsage>(usage.flags).map(([flag, stated]) => [flag, optionOf(stated)]),
    )
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: usage.takesWords === true })
    this.words = positionals
    this.environment = environment
    this.#usage = usage
    this.#values = values
  }

  text(flag: F): string | undefined {
    const stated = (this.#values[flag] as string | undefined) ?? this.#variable(flag)
    const { mayBeEmpty = false, also, otherwise } = this.#usage.flags[flag] as FlagUsage
    if (stated !== undefined && (stated !== '' || mayBeEmpty)) return stated
    return (also === undefined ? undefined : this.environment[also]) || otherwise
  }

  /** Of a flag that may be repeated, each. */
  texts(flag: F): readonly string[] | undefined {
    const stated = this.#values[flag] as string | string[] | undefined
    if (stated !== undefined) return [stated].flat()
    const value = this.#variable(flag)
    return value ? [value] : undefined
  }

  /** Of a flag that may be repeated, paths; in a variable they are separated as in PATH. */
  paths(flag: F): readonly string[] | undefined {
    const paths = this.#variable(flag)?.split(':').filter(Boolean) ?? []
    return (this.#values[flag] as string[] | undefined) ?? (paths.length === 0 ? undefined : paths)
  }

  /** A switch. Throws a sentence where its variable is neither true nor false. */
  is(flag: F): boolean {
    return (this.#values[flag] as boolean | undefined) ?? isTrue(variable(flag), this.#variable(flag))
  }

  /** Of a flag with a default. Throws a sentence where `parse` cannot read the text. */
  read<T>(flag: F, parse: (text: string) => Parsed<T>): T {
    return readText(this.#whence(flag), this.text(flag) ?? '', parse)
  }

  readIfStated<T>(flag: F, parse: (text: string) => Parsed<T>): T | undefined {
    const text = this.text(flag)
    return text === undefined ? undefined : readText(this.#whence(flag), text, parse)
  }

  /** What `text` was said by, for whoever has to correct it. */
  #whence(flag: F): string {
    if (this.#values[flag]) return `--${flag}`
    const { also } = this.#usage.flags[flag] as FlagUsage
    if (this.#variable(flag)) return variable(flag)
    return also !== undefined && this.environment[also] ? also : `--${flag}`
  }

  #variable(flag: F): string | undefined {
    return hasVariable(this.#usage, flag) ? this.environment[variable(flag)] : undefined
  }
}

function optionOf({ value, short, many }: FlagUsage): ParseArgsOptionsConfig[string] {
  const type = value === undefined ? 'boolean' : 'string'
  return { type, multiple: many === true, ...(short === undefined ? {} : { short }) }
}

/** Throws an Error with a sentence where `parse` cannot read the text. */
function readText<T>(whence: string, text: string, parse: (text: string) => Parsed<T>): T {
  const result = parse(text)
  if (result.ok) return result.value
  const proposal = result.proposal === '' ? '' : `: ${result.proposal}`
  throw new Error(`${whence} must be ${result.must}, found '${text}'${proposal}`)
}

/** A switch in a variable: `1` and `true`, or `0`, `false` and nothing. Throws an Error with a sentence. */
export function isTrue(name: string, value = ''): boolean {
  if (['', '0', 'false'].includes(value)) return false
  if (['1', 'true'].includes(value)) return true
  throw new Error(`${name} must be true or false, found '${value}'`)
}

/** A reader of one of these words. */
export function oneOf<const T extends string>(words: readonly T[]): (text: string) => Parsed<T> {
  return (text) => {
    const found = words.find((word) => word === text)
    return found === undefined ? unreadable(`one of ${words.join(', ')}`, '') : parsed(found)
  }
}
