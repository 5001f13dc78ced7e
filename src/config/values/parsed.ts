/** What reading one scalar gives: the value, or what is wrong with it. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  /** `missingUnit`: a bare number. `problem` says what must hold and proposes, to stand after "found …". */
  | { readonly ok: false; readonly missingUnit: boolean; readonly must: string; readonly proposal: string }

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value }
}

export function unreadable(must: string, proposal: string, missingUnit = false): Parsed<never> {
  return { ok: false, missingUnit, must, proposal }
}
