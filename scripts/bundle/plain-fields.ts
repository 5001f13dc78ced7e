/**
 * Private fields become plain ones in the bundle. Whether somebody takes what is not his own is TypeScript's to say, before it is
 * bundled; at run time a private name is a key that is looked up by a way of its own, and costs a twentieth of a request's CPU
 * (docs/decisions/0092-plain-fields.md). Declarations without a value go, for a constructor sets what they declare.
 *
 * A name is the field's, then a short one for the file and which of its classes it is: fields of a class and of one that it extends
 * stay apart.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { type AnyNode, type Class, parse } from 'acorn'
import { type Plugin, transform } from 'esbuild'

/** From one place to another this text stands instead. */
type Edit = readonly [from: number, to: number, text: string]
type Names = ReadonlyMap<string, string>

/** `target`: as of esbuild. Goes behind the plugins that give a file of ours another text. */
export function plainFields(target: string): Plugin {
  return {
    name: 'plain-fields',
    setup(build) {
      build.onLoad({ filter: /[\\/](?:src|cmd)[\\/].*\.ts$/ }, async ({ path }) => {
        if (path.includes('node_modules')) return undefined
        const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'ts', target, sourcefile: path })
        return { contents: plain(code, relative('.', path)), loader: 'js' }
      })
    },
  }
}

/** The text of a module with plain fields; `file` tells it from others. */
export function plain(text: string, file: string): string {
  const edits: Edit[] = []
  const suffix = createHash('sha1').update(file).digest('hex').slice(0, 5)
  let classes = 0

  const walk = (node: AnyNode, scopes: readonly Names[]): void => {
    if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') {
      if (node.superClass) walk(node.superClass, scopes)
      const names = privateNames(node, `$${suffix}${classes++}`)
      for (const member of node.body.body) {
        const isDeclared = member.type === 'PropertyDefinition' && !member.value && !member.static && !member.computed
        if (isDeclared) edits.push([member.start, member.end, ''])
        else walk(member, [names, ...scopes])
      }
      return
    }
    if (node.type === 'PrivateIdentifier') edits.push([node.start, node.end, nameOf(node.name, scopes)])
    else if (node.type === 'BinaryExpression' && node.left.type === 'PrivateIdentifier') {
      edits.push([node.left.start, node.left.end, JSON.stringify(nameOf(node.left.name, scopes))])
      walk(node.right, scopes)
    } else for (const inner of nodesIn(node)) walk(inner, scopes)
  }

  walk(parse(text, { ecmaVersion: 'latest', sourceType: 'module' }), [])
  let at = 0
  let out = ''
  for (const [from, to, by] of edits.toSorted(([one], [other]) => one - other)) {
    out += text.slice(at, from) + by
    at = to
  }
  return out + text.slice(at)
}

function privateNames(node: Class, suffix: string): Names {
  const keys = node.body.body.flatMap((member) => ('key' in member ? [member.key] : []))
  return new Map(keys.flatMap((key) => (key.type === 'PrivateIdentifier' ? [[key.name, key.name + suffix]] : [])))
}

function nameOf(name: string, scopes: readonly Names[]): string {
  const found = scopes.find((names) => names.has(name))?.get(name)
  if (found === undefined) throw new Error(`#${name} must be a private name of a class around it, and is none`)
  return found
}

function nodesIn(node: AnyNode): AnyNode[] {
  return Object.values(node)
    .flat()
    .filter((inner): inner is AnyNode => typeof inner === 'object' && inner !== null && 'type' in inner)
}
