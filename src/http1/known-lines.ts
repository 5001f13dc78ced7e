/**
 * Field lines that came before. The messages of a connection are alike, and so are connections of one kind: a line that is
 * known is compared as a whole instead of being read character by character, and its name and value are the texts of last
 * time instead of new ones. Only lines that `readField` has let pass get here, and only equal ones are found, so nothing is
 * taken that would have been refused.
 */
import { isOwnField, nameIs } from '../core/headers.ts'
import { ownText } from '../core/latin1.ts'
import { field, fieldKind } from './fields.ts'

export class KnownLine {
  /** With the CRLF. */
  readonly text: string
  readonly name: string
  readonly value: string
  /** As of `fieldKind`. */
  readonly kind: number
  /** Of our own kind, as of `isOwnField`. */
  readonly own: boolean
  /** It has a place in the table. */
  placed: boolean
  /** What came behind it the last time; only while it has its place. */
  next: KnownLine | undefined

  constructor(text: string, name: string, value: string) {
    this.text = text
    this.name = name
    this.value = value
    this.kind = fieldKind(name)
    this.own = isOwnField(name)
    this.placed = true
    this.next = undefined
  }
}

/** One table for all connections, which so hold nothing of their own. A power of two. */
const PLACES = 256
/** Characters; longer lines are rarely the same twice. */
const LONGEST = 128
const lines: (KnownLine | undefined)[] = new Array(PLACES).fill(undefined)
/** By place, what the last line that was not known there looked like: ids and times that come once are not worth a place. */
const prints = new Int32Array(PLACES)

/** The line that `readField` has just found at `at`, if it is known; it is from its second time on. */
export function knownLine(text: string, at: number): KnownLine | undefined {
  const length = field.next - at
  if (length > LONGEST) return undefined
  const print = printOf(text, at, length)
  const place = print & (PLACES - 1)
  const line = lines[place]
  if (line !== undefined && line.text.length === length && text.startsWith(line.text, at)) return line
  if (prints[place] !== print) {
    prints[place] = print
    return undefined
  }
  return isSecret(field.name) ? undefined : learn(text, at, place)
}

/** A few characters that tell most lines apart. */
function printOf(text: string, at: number, length: number): number {
  let print = length
  print = Math.imul(print, 31) + text.charCodeAt(at)
  print = Math.imul(print, 31) + text.charCodeAt(at + (length >> 1))
  print = Math.imul(print, 31) + text.charCodeAt(at + length - 4)
  print = Math.imul(print, 31) + text.charCodeAt(at + length - 3)
  return print | 0
}

/** What proves who somebody is stays no longer than its request. */
function isSecret(name: string): boolean {
  return (
    nameIs(name, 'authorization') ||
    nameIs(name, 'cookie') ||
    nameIs(name, 'set-cookie') ||
    nameIs(name, 'proxy-authorization')
  )
}

/**
 * `line` came behind `before`. One that lost its place holds nothing: each could hold the next, and whoever invents lines
 * would make a chain of them that grows for ever.
 */
export function cameBehind(before: KnownLine, line: KnownLine | undefined): void {
  if (before.placed) before.next = line
}

// cold: once per line that is new
function learn(text: string, at: number, place: number): KnownLine {
  const copy = ownText(text.slice(at, field.next))
  const from = copy.indexOf(field.value, field.name.length + 1)
  const line = new KnownLine(copy, copy.slice(0, field.name.length), copy.slice(from, from + field.value.length))
  const old = lines[place]
  if (old !== undefined) {
    old.placed = false
    old.next = undefined
  }
  lines[place] = line
  return line
}
