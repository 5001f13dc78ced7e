/** As much of JSON Schema (draft 7) as our schemas use; a keyword it does not know is an error, so that none is passed over. */
type Json = unknown
type Schema = Readonly<Record<string, Json>>

/** Says nothing about a value. */
const TELLING = new Set(['$schema', 'title', 'description', 'definitions'])

/** `place: what must hold` for each mistake. */
export function schemaProblems(root: Schema, value: Json): string[] {
  return new Walk(root).problems(root, value, '')
}

class Walk {
  readonly #root: Schema

  constructor(root: Schema) {
    this.#root = root
  }

  problems(schema: Schema, value: Json, place: string): string[] {
    return Object.entries(schema).flatMap(([keyword, rule]) => {
      const check = CHECKS[keyword]
      if (check !== undefined) return check(rule, value) ? [] : [`${place}: ${keyword} ${JSON.stringify(rule)}`]
      if (TELLING.has(keyword)) return []
      return this.#nested(keyword, rule, schema, value, place)
    })
  }

  #nested(keyword: string, rule: Json, schema: Schema, value: Json, place: string): string[] {
    switch (keyword) {
      case '$ref':
        return this.problems(this.#definition(rule as string), value, place)
      case 'properties':
        return entries(value).flatMap(([key, one]) => {
          const property = (rule as Record<string, Schema>)[key]
          return property === undefined ? [] : this.problems(property, one, `${place}.${key}`)
        })
      case 'additionalProperties':
        return entries(value)
          .filter(([key]) => !Object.hasOwn((schema['properties'] as object | undefined) ?? {}, key))
          .flatMap(([key, one]) => {
            return rule === false
              ? [`${place}.${key}: is unknown`]
              : this.problems(rule as Schema, one, `${place}.${key}`)
          })
      case 'propertyNames':
        return entries(value).flatMap(([key]) => this.problems(rule as Schema, key, `${place}.${key}`))
      case 'items':
        return Array.isArray(value)
          ? value.flatMap((one, index) => this.problems(rule as Schema, one, `${place}[${index}]`))
          : []
      default:
        throw new Error(`${place}: the keyword ${keyword} is not known here`)
    }
  }

  #definition(reference: string): Schema {
    const name = reference.replace('#/definitions/', '')
    const found = (this.#root['definitions'] as Record<string, Schema>)[name]
    if (found === undefined) throw new Error(`there is no definition ${reference}`)
    return found
  }
}

/** What of a value a keyword looks at; a value of another type passes, as the standard has it. */
const CHECKS: Readonly<Record<string, (rule: Json, value: Json) => boolean>> = {
  type: (rule, value) => [rule].flat().some((type) => isA(type as string, value)),
  enum: (rule, value) => (rule as Json[]).includes(value),
  pattern: (rule, value) => typeof value !== 'string' || new RegExp(rule as string).test(value),
  minLength: (rule, value) => typeof value !== 'string' || value.length >= (rule as number),
  maxLength: (rule, value) => typeof value !== 'string' || value.length <= (rule as number),
  minimum: (rule, value) => typeof value !== 'number' || value >= (rule as number),
  maximum: (rule, value) => typeof value !== 'number' || value <= (rule as number),
  uniqueItems: (_rule, value) => !Array.isArray(value) || new Set(value).size === value.length,
  required: (rule, value) =>
    !isA('object', value) || (rule as string[]).every((key) => Object.hasOwn(value as object, key)),
}

function isA(type: string, value: Json): boolean {
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}

function entries(value: Json): [string, Json][] {
  return isA('object', value) ? Object.entries(value as object) : []
}
